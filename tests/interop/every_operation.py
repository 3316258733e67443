"""Every operation of the service, in an order in which all of them succeed: for the stock clients of several languages.

A step is {service, operation, input, save}. In an input "$NAME.a.0.b" is a part of what the step saved as NAME
answered; `refused` is the code of the error that is the right answer.
"""

import json

from harness.group import ALLOW_ALL, zip_of

ROLE = "arn:aws:iam::123456789012:role/r"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "greengrass.amazonaws.com"}, "Action": "sts:AssumeRole"}
]})  # fmt: skip
POLICY = json.dumps(ALLOW_ALL)
TEMPLATE = json.dumps({"Resources": {"certificate": {"Type": "AWS::IoT::Certificate", "Properties": {
    "CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}}}}})  # fmt: skip


def step(service, operation, save=None, refused=None, **wanted):
    return {"service": service, "operation": operation, "input": wanted, "save": save, "refused": refused}


def iot_steps(run, files, code):
    """`code` is the registration code of the account."""

    def iot(operation, *save, **wanted):
        return step("iot", operation, *save, **wanted)

    thing, group, policy, job = f"{run}-thing", f"{run}-group", f"{run}-policy", f"{run}-job"
    template = f"{run}-template"
    authority = files.authority(f"{run}-ca")
    yield from (
        iot("DescribeEndpoint", endpointType="iot:Data-ATS"),
        iot("CreateThingType", "type", thingTypeName=f"{run}-type",
            thingTypeProperties={"searchableAttributes": ["a"]}),
        iot("DescribeThingType", thingTypeName=f"{run}-type"),
        iot("ListThingTypes"),
        iot("CreateThing", "thing", thingName=thing, thingTypeName=f"{run}-type"),
        iot("DescribeThing", thingName=thing),
        iot("UpdateThing", thingName=thing, removeThingType=True),
        iot("ListThings"),
        iot("DeprecateThingType", thingTypeName=f"{run}-type"),
        # It takes five minutes after the deprecation.
        iot("DeleteThingType", None, "InvalidRequestException", thingTypeName=f"{run}-type"),
        iot("CreateThingGroup", "group", thingGroupName=group),
        iot("DescribeThingGroup", thingGroupName=group),
        iot("UpdateThingGroup", thingGroupName=group, thingGroupProperties={"thingGroupDescription": "d"}),
        iot("ListThingGroups"),
        iot("TagResource", resourceArn="$group.thingGroupArn", tags=[{"Key": "k", "Value": "v"}]),
        iot("ListTagsForResource", resourceArn="$group.thingGroupArn"),
        iot("UntagResource", resourceArn="$group.thingGroupArn", tagKeys=["k"]),
        iot("AddThingToThingGroup", thingGroupName=group, thingName=thing),
        iot("ListThingsInThingGroup", thingGroupName=group),
        iot("ListThingGroupsForThing", thingName=thing),
        iot("RemoveThingFromThingGroup", thingGroupName=group, thingName=thing),
        iot("UpdateThingGroupsForThing", thingName=thing, thingGroupsToAdd=[group]),
        iot("CreateKeysAndCertificate", "keys", setAsActive=True),
        iot("CreateCertificateFromCsr", "by_csr", certificateSigningRequest=files.request(f"{run}-csr")),
        iot("RegisterCertificateWithoutCA", certificatePem=files.authority(f"{run}-alone")),
        iot("DescribeCertificate", certificateId="$keys.certificateId"),
        iot("ListCertificates"),
        iot("CreatePolicy", policyName=policy, policyDocument=POLICY),
        iot("GetPolicy", policyName=policy),
        iot("ListPolicies"),
        iot("CreatePolicyVersion", policyName=policy, policyDocument=POLICY),
        iot("GetPolicyVersion", policyName=policy, policyVersionId="2"),
        iot("ListPolicyVersions", policyName=policy),
        iot("SetDefaultPolicyVersion", policyName=policy, policyVersionId="2"),
        iot("DeletePolicyVersion", policyName=policy, policyVersionId="1"),
        iot("AttachPolicy", policyName=policy, target="$keys.certificateArn"),
        iot("ListAttachedPolicies", target="$keys.certificateArn"),
        iot("ListTargetsForPolicy", policyName=policy),
        iot("DetachPolicy", policyName=policy, target="$keys.certificateArn"),
        iot("AttachPrincipalPolicy", policyName=policy, principal="$keys.certificateArn"),
        iot("ListPrincipalPolicies", principal="$keys.certificateArn"),
        iot("ListPolicyPrincipals", policyName=policy),
        iot("DetachPrincipalPolicy", policyName=policy, principal="$keys.certificateArn"),
        iot("AttachThingPrincipal", thingName=thing, principal="$keys.certificateArn"),
        iot("ListThingPrincipals", thingName=thing),
        iot("ListPrincipalThings", principal="$keys.certificateArn"),
        iot("DetachThingPrincipal", thingName=thing, principal="$keys.certificateArn"),
        iot("DeletePolicy", policyName=policy),
        iot("UpdateCertificate", certificateId="$keys.certificateId", newStatus="INACTIVE"),
        iot("TransferCertificate", certificateId="$keys.certificateId", targetAwsAccount="123456789012"),
        iot("ListOutgoingCertificates"),
        iot("CancelCertificateTransfer", certificateId="$keys.certificateId"),
        iot("TransferCertificate", certificateId="$keys.certificateId", targetAwsAccount="123456789012"),
        iot("RejectCertificateTransfer", certificateId="$keys.certificateId", rejectReason="no"),
        iot("TransferCertificate", certificateId="$keys.certificateId", targetAwsAccount="123456789012"),
        iot("AcceptCertificateTransfer", certificateId="$keys.certificateId"),
        iot("DeleteCertificate", certificateId="$keys.certificateId"),
        iot("CreateProvisioningTemplate", templateName=template, templateBody=TEMPLATE, provisioningRoleArn=ROLE,
            enabled=False),
        iot("DescribeProvisioningTemplate", templateName=template),
        iot("ListProvisioningTemplates"),
        iot("CreateProvisioningTemplateVersion", templateName=template, templateBody=TEMPLATE, setAsDefault=True),
        iot("DescribeProvisioningTemplateVersion", templateName=template, versionId=2),
        iot("ListProvisioningTemplateVersions", templateName=template),
        iot("UpdateProvisioningTemplate", templateName=template, enabled=True),
        iot("CreateProvisioningClaim", templateName=template),
        iot("DeleteProvisioningTemplateVersion", templateName=template, versionId=1),
        iot("DeleteProvisioningTemplate", templateName=template),
        iot("RegisterThing", templateBody=json.dumps({"Resources": {
            "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": f"{run}-registered"}}}})),
        iot("GetRegistrationCode"),
        iot("RegisterCACertificate", "ca", caCertificate=authority, setAsActive=True,
            verificationCertificate=files.signed(code, f"{run}-ca")),
        iot("DescribeCACertificate", certificateId="$ca.certificateId"),
        iot("ListCACertificates"),
        iot("RegisterCertificate", certificatePem=files.signed(f"{run}-signed", f"{run}-ca")),
        iot("ListCertificatesByCA", caCertificateId="$ca.certificateId"),
        iot("UpdateCACertificate", certificateId="$ca.certificateId", newStatus="INACTIVE"),
        iot("DeleteCACertificate", certificateId="$ca.certificateId"),
        iot("CreateJob", jobId=job, targets=["$thing.thingArn"], document="{}", targetSelection="CONTINUOUS"),
        iot("DescribeJob", jobId=job),
        iot("GetJobDocument", jobId=job),
        iot("UpdateJob", jobId=job, description="d"),
        iot("ListJobs"),
        iot("AssociateTargetsWithJob", jobId=job, targets=["$group.thingGroupArn"]),
    )  # fmt: skip


def job_steps(run):
    """What takes an execution of the job that iot_steps() made; it is there when this begins."""
    names = {"jobId": f"{run}-job", "thingName": f"{run}-thing"}

    def iot(operation, **wanted):
        return step("iot", operation, **wanted)

    return (
        iot("DescribeJobExecution", **names),
        iot("ListJobExecutionsForJob", jobId=names["jobId"]),
        iot("ListJobExecutionsForThing", thingName=names["thingName"]),
        iot("CancelJobExecution", **names),
        iot("DeleteJobExecution", **names, executionNumber=1),
        iot("CancelJob", jobId=names["jobId"]),
        iot("DeleteJob", jobId=names["jobId"], force=True),
        iot("DeleteThingGroup", thingGroupName=f"{run}-group"),
        iot("DeleteThing", thingName=names["thingName"]),
    )


def greengrass_steps(run):
    """`s3://RUN/bulk` and `s3://updates/list.json` are there, and the function FUNCTION:1."""

    def greengrass(operation, *save, **wanted):
        return step("greengrass", operation, *save, **wanted)

    function = f"arn:aws:lambda:us-east-1:123456789012:function:{run}-gg:1"
    core = {"Id": "c", "ThingArn": "$core.thingArn", "CertificateArn": "$core_keys.certificateArn"}
    families = {
        "Core": ("Cores", core),
        "Device": ("Devices", {**core, "Id": "d", "ThingArn": "$device.thingArn",
                               "CertificateArn": "$device_keys.certificateArn"}),
        "Function": ("Functions", {"Id": "f", "FunctionArn": function,
                                   "FunctionConfiguration": {"MemorySize": 65536, "Timeout": 3}}),
        "Subscription": ("Subscriptions", {"Id": "s", "Source": "cloud", "Subject": "a", "Target": function}),
        "Logger": ("Loggers", {"Id": "l", "Component": "GreengrassSystem", "Type": "FileSystem", "Level": "INFO",
                               "Space": 128}),
        "Resource": ("Resources", {"Id": "r", "Name": "r", "ResourceDataContainer": {
            "LocalVolumeResourceData": {"SourcePath": "/tmp", "DestinationPath": "/tmp/x"}}}),
        "Connector": ("Connectors", {
            "Id": "k", "ConnectorArn": "arn:aws:greengrass:us-east-1::/connectors/SNS/versions/4",
            "Parameters": {"DefaultSNSArn": "arn:aws:sns:us-east-1:123456789012:t"}}),
    }  # fmt: skip
    for member in ("core", "device"):
        yield step("iot", "CreateThing", member, thingName=f"{run}-{member}")
        yield step("iot", "CreateKeysAndCertificate", f"{member}_keys", setAsActive=True)
        yield step("iot", "AttachThingPrincipal", thingName=f"{run}-{member}",
                   principal=f"${member}_keys.certificateArn")  # fmt: skip
    for family, (members, element) in families.items():
        name, of = f"{family}Definition", {f"{family}DefinitionId": f"${family}.Id"}
        yield from (
            greengrass(f"Create{name}", family, Name="n"),
            greengrass(f"Get{name}", **of),
            greengrass(f"List{name}s"),
            greengrass(f"Update{name}", **of, Name="m"),
            greengrass(f"Create{name}Version", f"{family}V", **of, **{members: [element]}),
            greengrass(f"Get{name}Version", **of, **{f"{family}DefinitionVersionId": f"${family}V.Version"}),
            greengrass(f"List{name}Versions", **of),
        )
    group, bulk = {"GroupId": "$group.Id"}, {"BulkDeploymentId": "$bulk.BulkDeploymentId"}
    deployment = {**group, "DeploymentType": "NewDeployment", "GroupVersionId": "$version.Version"}
    yield from (
        greengrass("CreateGroup", "group", Name=run),
        greengrass("GetGroup", **group),
        greengrass("ListGroups"),
        greengrass("UpdateGroup", **group, Name=f"{run}-2"),
        greengrass("CreateGroupVersion", "version", **group, CoreDefinitionVersionArn="$CoreV.Arn"),
        greengrass("GetGroupVersion", **group, GroupVersionId="$version.Version"),
        greengrass("ListGroupVersions", **group),
        greengrass("TagResource", ResourceArn="$group.Arn", tags={"k": "v"}),
        greengrass("ListTagsForResource", ResourceArn="$group.Arn"),
        greengrass("UntagResource", ResourceArn="$group.Arn", TagKeys=["k"]),
        greengrass("AssociateServiceRoleToAccount", RoleArn=ROLE),
        greengrass("GetServiceRoleForAccount"),
        greengrass("AssociateRoleToGroup", **group, RoleArn=ROLE),
        greengrass("GetAssociatedRole", **group),
        greengrass("DisassociateRoleFromGroup", **group),
        greengrass("ListGroupCertificateAuthorities", "authorities", **group),
        greengrass("CreateGroupCertificateAuthority", "authority", **group),
        greengrass("GetGroupCertificateAuthority", **group,
                   CertificateAuthorityId="$authorities.GroupCertificateAuthorities.0.GroupCertificateAuthorityId"),
        greengrass("GetGroupCertificateConfiguration", **group),
        greengrass("UpdateGroupCertificateConfiguration", **group, CertificateExpiryInMilliseconds="2592000000"),
        greengrass("CreateDeployment", "deployment", **deployment),
        greengrass("GetDeploymentStatus", **group, DeploymentId="$deployment.DeploymentId"),
        greengrass("ListDeployments", **group),
        greengrass("UpdateConnectivityInfo", ThingName=f"{run}-core",
                   ConnectivityInfo=[{"Id": "1", "HostAddress": "10.0.0.1", "PortNumber": 8883, "Metadata": ""}]),
        greengrass("GetConnectivityInfo", ThingName=f"{run}-core"),
        greengrass("UpdateThingRuntimeConfiguration", ThingName=f"{run}-core",
                   TelemetryConfiguration={"Telemetry": "On"}),
        greengrass("GetThingRuntimeConfiguration", ThingName=f"{run}-core"),
        greengrass("StartBulkDeployment", "bulk", InputFileUri=f"s3://{run}/bulk", ExecutionRoleArn=ROLE),
        greengrass("GetBulkDeploymentStatus", **bulk),
        greengrass("ListBulkDeployments"),
        greengrass("ListBulkDeploymentDetailedReports", **bulk),
        greengrass("StopBulkDeployment", **bulk),
        greengrass("CreateSoftwareUpdateJob", S3UrlSignerRole=ROLE, UpdateTargets=["$core.thingArn"],
                   UpdateTargetsArchitecture="x86_64", UpdateTargetsOperatingSystem="ubuntu", SoftwareToUpdate="core"),
        greengrass("ResetDeployments", **group, Force=True),
        greengrass("DisassociateServiceRoleFromAccount"),
        greengrass("DeleteGroup", **group),
    )  # fmt: skip
    for family in families:
        yield greengrass(f"Delete{family}Definition", **{f"{family}DefinitionId": f"${family}.Id"})


def data_steps(run):
    thing = {"thingName": f"{run}-data"}
    document = json.dumps({"state": {"desired": {"on": True}}})
    return (
        step("iot", "CreateThing", "thing", **thing),
        step("iot", "CreateJob", jobId=f"{run}-data", targets=["$thing.thingArn"], document="{}"),
        step("iot-data", "UpdateThingShadow", **thing, payload=document),
        step("iot-data", "GetThingShadow", **thing),
        step("iot-data", "UpdateThingShadow", **thing, shadowName="s", payload=document),
        step("iot-data", "ListNamedShadowsForThing", **thing),
        step("iot-data", "DeleteThingShadow", **thing),
        step("iot-data", "Publish", topic=f"{run}/t", qos=1, retain=True, payload="x"),
        step("iot-data", "GetRetainedMessage", topic=f"{run}/t"),
        step("iot-data", "ListRetainedMessages"),
    )


def data_job_steps(run):
    """The execution of the job that data_steps() made is there."""
    thing = {"thingName": f"{run}-data"}
    return (
        step("iot-jobs-data", "GetPendingJobExecutions", **thing),
        step("iot-jobs-data", "DescribeJobExecution", **thing, jobId=f"{run}-data"),
        step("iot-jobs-data", "StartNextPendingJobExecution", **thing),
        step("iot-jobs-data", "UpdateJobExecution", **thing, jobId=f"{run}-data", status="SUCCEEDED"),
    )


def function_steps(run):
    """The last ones delete what greengrass_steps() need: only the function is left."""
    name = {"FunctionName": f"{run}-gg"}
    code = zip_of(main_py="def f(e, c): pass")
    arn = "$function.FunctionArn"
    alias = {**name, "Name": "a"}
    return (
        step("lambda", "CreateFunction", "function", **name, Role=ROLE, Code={"ZipFile": code}, Runtime="python3.7",
             Handler="main.f"),
        step("lambda", "UpdateFunctionCode", **name, ZipFile=code),
        step("lambda", "UpdateFunctionConfiguration", **name, Timeout=4),
        step("lambda", "GetFunction", **name),
        step("lambda", "GetFunctionConfiguration", **name),
        step("lambda", "ListFunctions"),
        step("lambda", "PublishVersion", **name),
        step("lambda", "ListVersionsByFunction", **name),
        step("lambda", "CreateAlias", **alias, FunctionVersion="1"),
        step("lambda", "GetAlias", **alias),
        step("lambda", "UpdateAlias", **alias, Description="d"),
        step("lambda", "ListAliases", **name),
        step("lambda", "DeleteAlias", **alias),
        step("lambda", "AddPermission", **name, StatementId="s", Action="lambda:InvokeFunction",
             Principal="iot.amazonaws.com"),
        step("lambda", "GetPolicy", **name),
        step("lambda", "RemovePermission", **name, StatementId="s"),
        step("lambda", "TagResource", Resource=arn, Tags={"k": "v"}),
        step("lambda", "ListTags", Resource=arn),
        step("lambda", "UntagResource", Resource=arn, TagKeys=["k"]),
        step("lambda", "Invoke", **name, InvocationType="DryRun"),
        step("lambda", "CreateFunction", FunctionName=f"{run}-gone", Role=ROLE, Code={"ZipFile": code},
             Runtime="python3.7", Handler="main.f"),
        step("lambda", "DeleteFunction", FunctionName=f"{run}-gone"),
    )  # fmt: skip


def secret_steps(run):
    secret = {"SecretId": f"{run}-secret"}
    return (
        step("secretsmanager", "GetRandomPassword"),
        step("secretsmanager", "CreateSecret", "secret", Name=secret["SecretId"], SecretString="one"),
        step("secretsmanager", "PutSecretValue", **secret, SecretString="two"),
        step("secretsmanager", "UpdateSecret", **secret, Description="d"),
        step("secretsmanager", "GetSecretValue", **secret),
        step("secretsmanager", "DescribeSecret", **secret),
        step("secretsmanager", "ListSecrets"),
        step("secretsmanager", "ListSecretVersionIds", **secret),
        step("secretsmanager", "UpdateSecretVersionStage", **secret, VersionStage="S",
             MoveToVersionId="$secret.VersionId"),
        step("secretsmanager", "TagResource", **secret, Tags=[{"Key": "k", "Value": "v"}]),
        step("secretsmanager", "UntagResource", **secret, TagKeys=["k"]),
        step("secretsmanager", "DeleteSecret", **secret),
        step("secretsmanager", "RestoreSecret", **secret),
    )  # fmt: skip


def log_steps(run, now_ms):
    group = {"logGroupName": f"/{run}"}
    stream = {**group, "logStreamName": "s"}
    arn = f"arn:aws:logs:us-east-1:123456789012:log-group:/{run}"
    return (
        step("logs", "CreateLogGroup", **group),
        step("logs", "DescribeLogGroups"),
        step("logs", "CreateLogStream", **stream),
        step("logs", "DescribeLogStreams", **group),
        step("logs", "PutLogEvents", **stream, logEvents=[{"timestamp": now_ms, "message": "m"}]),
        step("logs", "GetLogEvents", **stream),
        step("logs", "FilterLogEvents", **group),
        step("logs", "PutRetentionPolicy", **group, retentionInDays=7),
        step("logs", "DeleteRetentionPolicy", **group),
        step("logs", "TagLogGroup", **group, tags={"k": "v"}),
        step("logs", "ListTagsLogGroup", **group),
        step("logs", "UntagLogGroup", **group, tags=["k"]),
        step("logs", "TagResource", resourceArn=arn, tags={"k": "v"}),
        step("logs", "ListTagsForResource", resourceArn=arn),
        step("logs", "UntagResource", resourceArn=arn, tagKeys=["k"]),
        step("logs", "DeleteLogStream", **stream),
        step("logs", "DeleteLogGroup", **group),
    )


def role_steps(run):
    role, policy = {"RoleName": f"{run}-role"}, {"PolicyArn": "$policy.Policy.Arn"}
    inline = {**role, "PolicyName": "i"}
    return (
        step("sts", "GetCallerIdentity"),
        step("iam", "CreateRole", "role", **role, AssumeRolePolicyDocument=TRUST),
        step("iam", "GetRole", **role),
        step("iam", "UpdateRole", **role, Description="d"),
        step("iam", "UpdateAssumeRolePolicy", **role, PolicyDocument=TRUST),
        step("iam", "ListRoles"),
        step("iam", "TagRole", **role, Tags=[{"Key": "k", "Value": "v"}]),
        step("iam", "ListRoleTags", **role),
        step("iam", "UntagRole", **role, TagKeys=["k"]),
        step("sts", "AssumeRole", RoleArn="$role.Role.Arn", RoleSessionName="session"),
        step("iam", "PutRolePolicy", **inline, PolicyDocument=POLICY),
        step("iam", "GetRolePolicy", **inline),
        step("iam", "ListRolePolicies", **role),
        step("iam", "DeleteRolePolicy", **inline),
        step("iam", "CreatePolicy", "policy", PolicyName=f"{run}-policy", PolicyDocument=POLICY),
        step("iam", "GetPolicy", **policy),
        step("iam", "ListPolicies"),
        step("iam", "CreatePolicyVersion", **policy, PolicyDocument=POLICY),
        step("iam", "GetPolicyVersion", **policy, VersionId="v2"),
        step("iam", "ListPolicyVersions", **policy),
        step("iam", "SetDefaultPolicyVersion", **policy, VersionId="v2"),
        step("iam", "DeletePolicyVersion", **policy, VersionId="v1"),
        step("iam", "AttachRolePolicy", **role, **policy),
        step("iam", "ListAttachedRolePolicies", **role),
        step("iam", "DetachRolePolicy", **role, **policy),
        step("iam", "DeletePolicy", **policy),
        step("iam", "DeleteRole", **role),
    )


def object_steps(run):
    bucket, key = {"Bucket": f"{run}-objects"}, {"Bucket": f"{run}-objects", "Key": "k"}
    upload = {**key, "UploadId": "$upload.UploadId"}
    return (
        step("s3", "CreateBucket", **bucket),
        step("s3", "HeadBucket", **bucket),
        step("s3", "GetBucketLocation", **bucket),
        step("s3", "ListBuckets"),
        step("s3", "PutObject", **key, Body="x"),
        step("s3", "GetObject", **key),
        step("s3", "HeadObject", **key),
        step("s3", "ListObjects", **bucket),
        step("s3", "ListObjectsV2", **bucket),
        step("s3", "CopyObject", **{**key, "Key": "copy"}, CopySource=key),
        step("s3", "CreateMultipartUpload", "upload", **key),
        step("s3", "ListMultipartUploads", **bucket),
        step("s3", "UploadPart", "part", **upload, PartNumber=1, Body="y"),
        step("s3", "UploadPartCopy", **upload, PartNumber=2, CopySource=key),
        step("s3", "ListParts", **upload),
        step("s3", "CompleteMultipartUpload", **upload,
             MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "$part.ETag"}]}),
        step("s3", "CreateMultipartUpload", "upload", **key),
        step("s3", "AbortMultipartUpload", **upload),
        step("s3", "DeleteObject", **key),
        step("s3", "DeleteObjects", **bucket, Delete={"Objects": [{"Key": "copy"}]}),
        step("s3", "DeleteBucket", **bucket),
    )  # fmt: skip


def resolved(value, saved):
    """The input with what earlier steps answered."""
    if isinstance(value, dict):
        return {key: resolved(each, saved) for key, each in value.items()}
    if isinstance(value, list):
        return [resolved(each, saved) for each in value]
    if isinstance(value, str) and value.startswith("$"):
        found = saved
        for part in value[1:].split("."):
            found = found[int(part)] if isinstance(found, list) else found[part]
        return found
    return value
