// The ARN of a Lambda function, taken apart and put together.
'use strict';

// Region and account are empty in those of the core's own services, and the account of a connector is the word aws.
const PATTERN = new RegExp(
  '^(arn:aws(?:-[a-z]+)*:lambda:([a-z]{2}(?:-[a-z]+)+-[0-9]+|):([a-zA-Z0-9]*):function:([a-zA-Z0-9_-]+))' +
  '(?::(\\$LATEST|[a-zA-Z0-9_-]+))?$'
);

// Fields of arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]; qualifier is undefined when there is none.
class FunctionArnFields {
  constructor(arn) {
    this.parseFunctionArn(arn);
  }

  // Takes the fields of another ARN. Throws when it is none.
  parseFunctionArn(arn) {
    const parts = PATTERN.exec(arn);
    if (parts === null) throw new Error(`'${arn}' is not the ARN of a Lambda function`);
    this.unqualifiedArn = parts[1];
    this.region = parts[2];
    this.accountId = parts[3];
    this.name = parts[4];
    this.qualifier = parts[5];
  }

  toArnString() {
    return FunctionArnFields.buildFunctionArn(this.unqualifiedArn, this.qualifier);
  }

  static buildFunctionArn(unqualifiedArn, qualifier) {
    return qualifier ? `${unqualifiedArn}:${qualifier}` : unqualifiedArn;
  }

  // For SDKs before 1.4, which know the partition aws only.
  static buildArnString(region, accountId, name, qualifier) {
    return FunctionArnFields.buildFunctionArn(`arn:aws:lambda:${region}:${accountId}:function:${name}`, qualifier);
  }
}

module.exports = FunctionArnFields;
