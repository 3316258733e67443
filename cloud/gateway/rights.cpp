#include "cloud/gateway/rights.hpp"

#include <algorithm>
#include <span>

namespace evergrass::cloud {
namespace {

constexpr std::string_view reading[] = {"Get", "List", "Describe", "Head", "Search", "Filter"};

// Read, and yet more than a look.
constexpr std::string_view secret_reads[] = {"secretsmanager:GetSecretValue",
                                             "secretsmanager:BatchGetSecretValue",
                                             "sts:GetSessionToken", "sts:GetFederationToken"};

constexpr std::string_view harmless[] = {"iot:TestAuthorization",
                                         "iot:ValidateSecurityProfileBehaviors"};

// Operators run the fleet with what admins gave it: all of Greengrass but who the group acts as and
// who its devices trust. Two are Evergrass's own (docs/formats/adoption.md).
constexpr std::string_view greengrass_admin[] = {
    "AdoptCore",
    "AssociateRoleToGroup",
    "AssociateServiceRoleToAccount",
    "CreateGroupCertificateAuthority",
    "DisassociateRoleFromGroup",
    "DisassociateServiceRoleFromAccount",
    "PutAdoptionPackage",
    "UpdateGroupCertificateConfiguration",
};

// Devices, their certificates and groups, which policy they have, and jobs. What a policy says is
// an admin's.
constexpr std::string_view iot_operator[] = {
    "AcceptCertificateTransfer",
    "AddThingToBillingGroup",
    "AddThingToThingGroup",
    "AssociateTargetsWithJob",
    "AttachPolicy",
    "AttachPrincipalPolicy",
    "AttachThingPrincipal",
    "CancelCertificateTransfer",
    "CancelJob",
    "CancelJobExecution",
    "CreateBillingGroup",
    "CreateCertificateFromCsr",
    "CreateDynamicThingGroup",
    "CreateJob",
    "CreateJobTemplate",
    "CreateKeysAndCertificate",
    "CreateOTAUpdate",
    "CreateStream",
    "CreateThing",
    "CreateThingGroup",
    "CreateThingType",
    "DeleteBillingGroup",
    "DeleteCertificate",
    "DeleteDynamicThingGroup",
    "DeleteJob",
    "DeleteJobExecution",
    "DeleteJobTemplate",
    "DeleteOTAUpdate",
    "DeleteStream",
    "DeleteThing",
    "DeleteThingGroup",
    "DeleteThingType",
    "DeprecateThingType",
    "DetachPolicy",
    "DetachPrincipalPolicy",
    "DetachThingPrincipal",
    "RegisterCertificate",
    "RegisterCertificateWithoutCA",
    "RejectCertificateTransfer",
    "RemoveThingFromBillingGroup",
    "RemoveThingFromThingGroup",
    "StartThingRegistrationTask",
    "StopThingRegistrationTask",
    "TagResource",
    "TransferCertificate",
    "UntagResource",
    "UpdateBillingGroup",
    "UpdateCertificate",
    "UpdateDynamicThingGroup",
    "UpdateJob",
    "UpdateStream",
    "UpdateThing",
    "UpdateThingGroup",
    "UpdateThingGroupsForThing",
};

// Code that cores will run is an admin's.
constexpr std::string_view lambda_operator[] = {"Invoke", "InvokeAsync"};

constexpr std::string_view s3_operator[] = {
    "AbortMultipartUpload", "CompleteMultipartUpload", "CopyObject", "CreateMultipartUpload",
    "DeleteObject",         "DeleteObjects",           "PutObject",  "UploadPart",
    "UploadPartCopy",
};

bool has(std::span<const std::string_view> list, std::string_view name) {
    return std::ranges::find(list, name) != list.end();
}

bool is_operators(std::string_view service, std::string_view operation) {
    if (service == "greengrass") {
        return !has(greengrass_admin, operation);
    }
    if (service == "iot") {
        return has(iot_operator, operation);
    }
    if (service == "lambda") {
        return has(lambda_operator, operation);
    }
    if (service == "s3") {
        return has(s3_operator, operation);
    }
    return service == "iot-data" || service == "iot-jobs-data";
}

}  // namespace

std::string_view to_string(access_role role) {
    switch (role) {
        case access_role::read_only:
            return "read-only";
        case access_role::operate:
            return "operator";
        case access_role::admin:
            break;
    }
    return "admin";
}

std::optional<access_role> parse_access_role(std::string_view text) {
    for (const auto role : {access_role::read_only, access_role::operate, access_role::admin}) {
        if (text == to_string(role)) {
            return role;
        }
    }
    return std::nullopt;
}

access_role needed_role(std::string_view service, std::string_view operation) {
    const auto full = std::string(service) + ":" + std::string(operation);
    if (has(secret_reads, full)) {
        return access_role::admin;
    }
    const bool reads =
        std::ranges::any_of(reading, [&](auto verb) { return operation.starts_with(verb); });
    if (reads || has(harmless, full)) {
        return access_role::read_only;
    }
    return is_operators(service, operation) ? access_role::operate : access_role::admin;
}

std::string not_authorized(std::string_view caller_arn, std::string_view service,
                           std::string_view operation) {
    const auto action = std::string(service) + ":" + std::string(operation);
    return "User: " + std::string(caller_arn) + " is not authorized to perform: " + action +
           " because no identity-based policy allows the " + action + " action";
}

}  // namespace evergrass::cloud
