"""The ARN of a Lambda function, taken apart and put together."""
import re


class FunctionArnFields(object):
    """Fields of arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER].

    The account may be a word: connectors live in the account 'aws'.
    """

    _PATTERN = re.compile(
        r'^arn:(?P<partition>aws(?:-[a-z]+)*):lambda'
        r':(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9]+)'
        r':(?P<account>[a-zA-Z0-9]*)'
        r':function:(?P<name>[a-zA-Z0-9_-]+)'
        r'(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?')

    def __init__(self, function_arn_string):
        self.parse_function_arn(function_arn_string)

    def parse_function_arn(self, function_arn_string):
        """Takes the fields of another ARN. ValueError when it is none."""
        match = self._PATTERN.match(function_arn_string)
        if match is None:
            raise ValueError("'{}' is not the ARN of a Lambda function".format(function_arn_string))
        self.partition = match.group('partition')
        self.region = match.group('region')
        self.account_id = match.group('account')
        self.name = match.group('name')
        self.qualifier = match.group('qualifier')
        self.unqualified_arn = 'arn:{}:lambda:{}:{}:function:{}'.format(
            self.partition, self.region, self.account_id, self.name)

    def to_arn_string(self):
        return self.build_function_arn(self.unqualified_arn, self.qualifier)

    @staticmethod
    def build_arn_string(region, account_id, name, qualifier):
        """For SDKs before 1.4, which know the partition 'aws' only."""
        unqualified = 'arn:aws:lambda:{}:{}:function:{}'.format(region, account_id, name)
        return FunctionArnFields.build_function_arn(unqualified, qualifier)

    @staticmethod
    def build_function_arn(unqualified_arn, qualifier):
        return '{}:{}'.format(unqualified_arn, qualifier) if qualifier else unqualified_arn
