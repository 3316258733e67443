package com.amazonaws.greengrass.common;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER], taken apart. */
public final class FunctionArnFields {
    // Region and account are empty in those of the core's own services, and the account of a
    // connector is the word aws (spec/lambda-ipc.md §2.8, §8).
    private static final Pattern FORM = Pattern.compile(
            "(arn:aws(?:-[a-z]+)*:lambda:([a-z]{2}(?:-[a-z]+)+-[0-9]+|):([a-zA-Z0-9]*)"
            + ":function:([a-zA-Z0-9_-]+))(?::(\\$LATEST|[a-zA-Z0-9_-]+))?");

    private final Matcher parts;

    private FunctionArnFields(Matcher parts) {
        this.parts = parts;
    }

    public static FunctionArnFields fromString(String arn) throws InvalidArnException {
        Matcher matcher = FORM.matcher(arn == null ? "" : arn);
        if (!matcher.matches()) {
            throw new InvalidArnException("'" + arn + "' is not the ARN of a Lambda function");
        }
        return new FunctionArnFields(matcher);
    }

    /** Empty for the core's own services. */
    public String getRegion() {
        return parts.group(2);
    }

    /** Empty for the core's own services. */
    public String getAccountId() {
        return parts.group(3);
    }

    public String getName() {
        return parts.group(4);
    }

    /** Version or alias; null when the ARN names none. */
    public String getQualifier() {
        return parts.group(5);
    }

    public String getUnqualifiedArn() {
        return parts.group(1);
    }

    public String toArnString() {
        return parts.group();
    }
}
