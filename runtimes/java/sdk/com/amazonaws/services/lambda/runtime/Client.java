package com.amazonaws.services.lambda.runtime;

/** The app that invoked, as AWS's mobile SDKs tell of it. */
public interface Client {
    String getInstallationId();

    String getAppTitle();

    String getAppVersionName();

    String getAppVersionCode();

    String getAppPackageName();
}
