package com.amazonaws.greengrass.javasdk.model;

/** A message was taken. */
public class PublishResult {}
