package com.amazonaws.greengrass.javasdk.model;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Date;
import java.util.List;

/** A secret: its text or its bytes. */
public class GetSecretValueResult {
    private String arn;
    private Date createdDate;
    private String name;
    private ByteBuffer secretBinary;
    private String secretString;
    private String versionId;
    private List<String> versionStages;

    public String getARN() {
        return arn;
    }

    public void setARN(String arn) {
        this.arn = arn;
    }

    public GetSecretValueResult withARN(String arn) {
        setARN(arn);
        return this;
    }

    public Date getCreatedDate() {
        return createdDate;
    }

    public void setCreatedDate(Date createdDate) {
        this.createdDate = createdDate;
    }

    public GetSecretValueResult withCreatedDate(Date createdDate) {
        setCreatedDate(createdDate);
        return this;
    }

    public String getName() {
        return name;
    }

    public void setName(String name) {
        this.name = name;
    }

    public GetSecretValueResult withName(String name) {
        setName(name);
        return this;
    }

    /** Null when the secret is text. */
    public ByteBuffer getSecretBinary() {
        return secretBinary;
    }

    public void setSecretBinary(ByteBuffer secretBinary) {
        this.secretBinary = secretBinary;
    }

    public GetSecretValueResult withSecretBinary(ByteBuffer secretBinary) {
        setSecretBinary(secretBinary);
        return this;
    }

    /** Null when the secret is bytes. */
    public String getSecretString() {
        return secretString;
    }

    public void setSecretString(String secretString) {
        this.secretString = secretString;
    }

    public GetSecretValueResult withSecretString(String secretString) {
        setSecretString(secretString);
        return this;
    }

    public String getVersionId() {
        return versionId;
    }

    public void setVersionId(String versionId) {
        this.versionId = versionId;
    }

    public GetSecretValueResult withVersionId(String versionId) {
        setVersionId(versionId);
        return this;
    }

    public List<String> getVersionStages() {
        return versionStages;
    }

    public void setVersionStages(Collection<String> versionStages) {
        this.versionStages = versionStages == null ? null : new ArrayList<>(versionStages);
    }

    public GetSecretValueResult withVersionStages(Collection<String> versionStages) {
        setVersionStages(versionStages);
        return this;
    }

    /** Adds to those that are there. */
    public GetSecretValueResult withVersionStages(String... versionStages) {
        if (this.versionStages == null) {
            this.versionStages = new ArrayList<>();
        }
        Collections.addAll(this.versionStages, versionStages);
        return this;
    }
}
