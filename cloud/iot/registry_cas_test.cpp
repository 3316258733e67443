#include "cloud/iot/ca_certificates.hpp"
#include "cloud/iot/registry_fixture.hpp"

namespace evergrass::cloud {
namespace {

struct key_and_certificate {
    std::string key;
    std::string pem;
    std::string id() const { return pki::read_certificate(pem).value().id; }
};

pki::certificate_request wanted(const std::string& name, bool is_ca) {
    pki::certificate_request request;
    request.common_name = name;
    request.is_ca = is_ca;
    request.not_before = wall_time(std::chrono::seconds(1'600'000'000));
    request.not_after = wall_time(std::chrono::seconds(2'524'607'999));
    return request;
}

key_and_certificate authority(const std::string& name) {
    const auto key = pki::generate_ec_key();
    return {key, pki::make_self_signed(wanted(name, true), key).value()};
}

key_and_certificate signed_by(const key_and_certificate& ca, const std::string& name) {
    const auto key = pki::generate_ec_key();
    return {
        key,
        pki::issue(wanted(name, false), pki::public_key_of(key).value(), ca.pem, ca.key).value()};
}

class iot_cas : public iot_registry {
protected:
    std::string registration() {
        return std::string(ok("GetRegistrationCode", {}).at("registrationCode").as_string());
    }
    json::object proven(const key_and_certificate& ca) {
        return {{"caCertificate", ca.pem},
                {"verificationCertificate", signed_by(ca, registration()).pem}};
    }
    std::string registered(const key_and_certificate& ca) {
        auto input = proven(ca);
        input["setAsActive"] = true;
        ok("RegisterCACertificate", std::move(input));
        return ca.id();
    }
    json::object description(const std::string& id) {
        return ok("DescribeCACertificate", {{"certificateId", id}})
            .at("certificateDescription")
            .as_object();
    }
    std::size_t count(std::string_view operation, json::object input = {}) {
        return ok(operation, std::move(input)).at("certificates").as_array().size();
    }
};

TEST_F(iot_cas, the_registration_code_stays_until_it_is_deleted) {
    EXPECT_EQ(code("DeleteRegistrationCode", {}), "ResourceNotFoundException");
    const auto first = registration();
    EXPECT_EQ(first.size(), 64u);
    EXPECT_EQ(registration(), first);
    ok("DeleteRegistrationCode", {});
    EXPECT_NE(registration(), first);
}

TEST_F(iot_cas, a_ca_is_registered_by_who_has_its_key) {
    const auto ca = authority("ca");
    EXPECT_EQ(code("RegisterCACertificate", {{"caCertificate", ca.pem}}),
              "InvalidRequestException");
    EXPECT_EQ(code("RegisterCACertificate",
                   {{"caCertificate", ca.pem},
                    {"verificationCertificate", signed_by(ca, "another name").pem}}),
              "RegistrationCodeValidationException");
    EXPECT_EQ(code("RegisterCACertificate",
                   {{"caCertificate", ca.pem},
                    {"verificationCertificate", signed_by(authority("ca"), registration()).pem}}),
              "CertificateValidationException")
        << "another key of the same name";
    EXPECT_EQ(code("RegisterCACertificate", {{"caCertificate", signed_by(ca, "leaf").pem}}),
              "CertificateValidationException");
    EXPECT_EQ(code("RegisterCACertificate", {{"caCertificate", "no certificate"}}),
              "CertificateValidationException");
    EXPECT_EQ(count("ListCACertificates"), 0u);
    auto input = proven(ca);
    input["allowAutoRegistration"] = true;
    input["registrationConfig"] = {{"templateBody", "{}"}};
    const auto made = ok("RegisterCACertificate", input);
    EXPECT_EQ(made.at("certificateId").as_string(), ca.id());
    EXPECT_EQ(made.at("certificateArn").as_string(),
              "arn:aws:iot:us-east-1:123456789012:cacert/" + ca.id());
    EXPECT_EQ(code("RegisterCACertificate", input), "ResourceAlreadyExistsException");
    const auto shown = description(ca.id());
    EXPECT_EQ(shown.at("status").as_string(), "INACTIVE");
    EXPECT_EQ(shown.at("autoRegistrationStatus").as_string(), "ENABLE");
    EXPECT_EQ(shown.at("certificateMode").as_string(), "DEFAULT");
    EXPECT_EQ(shown.at("certificatePem").as_string(), ca.pem);
    EXPECT_EQ(count("ListCACertificates"), 1u);
}

TEST_F(iot_cas, in_sni_only_mode_nothing_is_proven) {
    const auto ca = authority("ca");
    auto input = proven(ca);
    input["certificateMode"] = "SNI_ONLY";
    EXPECT_EQ(code("RegisterCACertificate", input), "InvalidRequestException");
    input.erase("verificationCertificate");
    ok("RegisterCACertificate", input);
    EXPECT_EQ(description(ca.id()).at("certificateMode").as_string(), "SNI_ONLY");
}

TEST_F(iot_cas, ten_may_have_one_subject) {
    for (std::size_t i = 0; i < iot::most_cas_of_a_subject; ++i) {
        ok("RegisterCACertificate",
           {{"caCertificate", authority("same").pem}, {"certificateMode", "SNI_ONLY"}});
    }
    EXPECT_EQ(code("RegisterCACertificate",
                   {{"caCertificate", authority("same").pem}, {"certificateMode", "SNI_ONLY"}}),
              "LimitExceededException");
    ok("RegisterCACertificate",
       {{"caCertificate", authority("other").pem}, {"certificateMode", "SNI_ONLY"}});
}

TEST_F(iot_cas, a_certificate_is_registered_by_the_ca_that_signed_it) {
    const auto ca = authority("ca");
    const auto device = signed_by(ca, "device");
    EXPECT_EQ(code("RegisterCertificate", {{"certificatePem", device.pem}}),
              "CertificateValidationException")
        << "its CA isn't registered";
    const auto id = registered(ca);
    EXPECT_EQ(
        code("RegisterCertificate", {{"certificatePem", signed_by(authority("ca"), "d").pem}}),
        "CertificateValidationException")
        << "the name is right and the key is not";
    EXPECT_EQ(code("RegisterCertificate", {{"certificatePem", device.pem}, {"status", "WAITING"}}),
              "InvalidRequestException");
    ok("RegisterCertificate",
       {{"certificatePem", device.pem}, {"caCertificatePem", ca.pem}, {"status", "ACTIVE"}});
    EXPECT_TRUE(authority_.is_active(device.id()));
    EXPECT_EQ(code("RegisterCertificate", {{"certificatePem", device.pem}}),
              "ResourceAlreadyExistsException");
    const auto shown = ok("DescribeCertificate", {{"certificateId", device.id()}})
                           .at("certificateDescription")
                           .as_object();
    EXPECT_EQ(shown.at("caCertificateId").as_string(), id);
    EXPECT_EQ(shown.at("certificateMode").as_string(), "DEFAULT");
    certificate();
    EXPECT_EQ(count("ListCertificatesByCA", {{"caCertificateId", id}}), 1u);
    EXPECT_EQ(count("ListCertificatesByCA", {{"caCertificateId", std::string(64, '0')}}), 0u);
}

TEST_F(iot_cas, the_ca_must_be_active_and_the_only_one_with_its_key) {
    const auto ca = authority("ca");
    const auto device = signed_by(ca, "device");
    const auto id = registered(ca);
    ok("UpdateCACertificate", {{"certificateId", id}, {"newStatus", "INACTIVE"}});
    EXPECT_EQ(code("RegisterCertificate", {{"certificatePem", device.pem}}),
              "CertificateStateException");
    ok("UpdateCACertificate", {{"certificateId", id}, {"newStatus", "ACTIVE"}});
    auto renewed = wanted("ca", true);
    renewed.not_after = wall_time(std::chrono::seconds(2'400'000'000));
    const key_and_certificate again{ca.key, pki::make_self_signed(renewed, ca.key).value()};
    registered(again);
    EXPECT_EQ(code("RegisterCertificate", {{"certificatePem", device.pem}}),
              "CertificateConflictException");
    ok("RegisterCertificate", {{"certificatePem", device.pem}, {"caCertificatePem", again.pem}});
    EXPECT_EQ(count("ListCertificatesByCA", {{"caCertificateId", again.id()}}), 1u);
}

TEST_F(iot_cas, a_ca_is_changed_and_deleted_and_what_it_signed_stays) {
    const auto ca = authority("ca");
    const auto id = registered(ca);
    const auto device = signed_by(ca, "device");
    ok("RegisterCertificate", {{"certificatePem", device.pem}, {"status", "ACTIVE"}});
    ok("UpdateCACertificate", {{"certificateId", id},
                               {"newAutoRegistrationStatus", "ENABLE"},
                               {"registrationConfig", {{"templateName", "n"}}}});
    EXPECT_EQ(count("ListCACertificates", {{"templateName", "n"}}), 1u);
    EXPECT_EQ(count("ListCACertificates", {{"templateName", "m"}}), 0u);
    ok("UpdateCACertificate", {{"certificateId", id}, {"removeAutoRegistration", true}});
    EXPECT_FALSE(
        ok("DescribeCACertificate", {{"certificateId", id}}).contains("registrationConfig"));
    EXPECT_EQ(description(id).at("autoRegistrationStatus").as_string(), "DISABLE");
    EXPECT_EQ(code("DeleteCACertificate", {{"certificateId", id}}), "CertificateStateException");
    ok("UpdateCACertificate", {{"certificateId", id}, {"newStatus", "INACTIVE"}});
    ok("DeleteCACertificate", {{"certificateId", id}});
    EXPECT_EQ(code("DescribeCACertificate", {{"certificateId", id}}), "ResourceNotFoundException");
    EXPECT_TRUE(authority_.is_active(device.id()));
}

class iot_transfers : public iot_registry {
protected:
    std::string inactive() {
        const auto made = ok("CreateKeysAndCertificate", {});
        return std::string(made.at("certificateId").as_string());
    }
    std::string transfer(const std::string& id) {
        return code("TransferCertificate", {{"certificateId", id},
                                            {"targetAwsAccount", "123456789012"},
                                            {"transferMessage", "yours"}});
    }
    json::object shown(const std::string& id) {
        return ok("DescribeCertificate", {{"certificateId", id}})
            .at("certificateDescription")
            .as_object();
    }
};

TEST_F(iot_transfers, take_a_certificate_that_nothing_hangs_on_to_the_one_account) {
    const auto arn = certificate();
    const auto id = id_of(arn);
    EXPECT_EQ(transfer(id), "CertificateStateException") << "it is ACTIVE";
    ok("UpdateCertificate", {{"certificateId", id}, {"newStatus", "INACTIVE"}});
    EXPECT_EQ(
        code("TransferCertificate", {{"certificateId", id}, {"targetAwsAccount", "210987654321"}}),
        "InvalidRequestException");
    ok("CreatePolicy", {{"policyName", "p"}, {"policyDocument", R"({"Version":"2012-10-17",
        "Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]})"}});
    ok("AttachPolicy", {{"policyName", "p"}, {"target", arn}});
    EXPECT_EQ(transfer(id), "TransferConflictException");
    ok("DetachPolicy", {{"policyName", "p"}, {"target", arn}});
    EXPECT_EQ(transfer(id), "success");
}

TEST_F(iot_transfers, wait_until_they_are_accepted_rejected_or_cancelled) {
    const auto id = inactive();
    EXPECT_EQ(code("CancelCertificateTransfer", {{"certificateId", id}}),
              "TransferAlreadyCompletedException");
    ASSERT_EQ(transfer(id), "success");
    EXPECT_EQ(shown(id).at("status").as_string(), "PENDING_TRANSFER");
    EXPECT_EQ(shown(id).at("transferData").at("transferMessage").as_string(), "yours");
    EXPECT_EQ(code("UpdateCertificate", {{"certificateId", id}, {"newStatus", "ACTIVE"}}),
              "CertificateStateException");
    EXPECT_EQ(code("DeleteCertificate", {{"certificateId", id}}), "CertificateStateException");
    const auto waiting = ok("ListOutgoingCertificates", {}).at("outgoingCertificates").as_array();
    ASSERT_EQ(waiting.size(), 1u);
    EXPECT_EQ(waiting[0].at("certificateId").as_string(), id);

    ok("CancelCertificateTransfer", {{"certificateId", id}});
    EXPECT_EQ(shown(id).at("status").as_string(), "INACTIVE");
    EXPECT_FALSE(shown(id).contains("transferData"));

    ASSERT_EQ(transfer(id), "success");
    ok("RejectCertificateTransfer", {{"certificateId", id}, {"rejectReason", "not mine"}});
    EXPECT_EQ(shown(id).at("status").as_string(), "INACTIVE");
    EXPECT_EQ(shown(id).at("transferData").at("rejectReason").as_string(), "not mine");

    ASSERT_EQ(transfer(id), "success");
    EXPECT_FALSE(shown(id).at("transferData").as_object().contains("rejectReason"));
    ok("AcceptCertificateTransfer", {{"certificateId", id}, {"setAsActive", true}});
    EXPECT_TRUE(authority_.is_active(id));
    EXPECT_EQ(code("AcceptCertificateTransfer", {{"certificateId", id}}),
              "TransferAlreadyCompletedException");
    EXPECT_TRUE(ok("ListOutgoingCertificates", {}).at("outgoingCertificates").as_array().empty());
}

}  // namespace
}  // namespace evergrass::cloud
