package com.amazonaws.greengrass.common;

/** From the least severe to the most. NOTSET as a limit lets everything pass. */
public enum LogLevel { NOTSET, TRACE, DEBUG, INFO, WARN, ERROR, FATAL }
