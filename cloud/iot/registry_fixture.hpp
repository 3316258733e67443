#pragma once

#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"
#include "cloud/iot/registry_authority.hpp"
#include "libs/pki/pki.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

namespace evergrass::cloud {

inline device_ca make_issuer() {
    const auto key = pki::generate_rsa_key();
    pki::certificate_request wanted;
    wanted.common_name = "Device CA";
    wanted.is_ca = true;
    wanted.not_before = wall_time(std::chrono::seconds(1'600'000'000));
    wanted.not_after = wall_time(std::chrono::seconds(2'524'607'999));
    return {pki::make_self_signed(wanted, key).value(), key};
}

inline const device_ca& issuer() {
    static const device_ca one = make_issuer();
    return one;
}

class moved_clock final : public clock {
public:
    wall_time now() const override { return clock::now() + ahead; }
    std::chrono::seconds ahead{0};
};

// The operations of the registry on a store of their own, without a gateway before them.
class iot_registry : public ::testing::Test {
protected:
    iot_registry() { add_iot_operations(table_, registry_); }
    ~iot_registry() override { std::filesystem::remove_all(directory_); }

    api_result run(std::string_view name, json::object input) {
        call made;
        made.input = std::move(input);
        return (*table_.find("iot", name))(made);
    }
    json::object ok(std::string_view name, json::object input) {
        auto done = run(name, std::move(input));
        EXPECT_TRUE(done) << name << ": " << (done ? "" : done.error().message);
        return done ? done->output : json::object();
    }
    std::string code(std::string_view name, json::object input) {
        const auto done = run(name, std::move(input));
        return done ? "success" : done.error().code;
    }
    // A new ACTIVE certificate.
    std::string certificate() {
        const auto made = ok("CreateKeysAndCertificate", {{"setAsActive", true}});
        return std::string(made.at("certificateArn").as_string());
    }
    static std::string id_of(const std::string& arn) { return arn.substr(arn.find('/') + 1); }

    std::filesystem::path directory_ = [] {
        std::string pattern = std::filesystem::temp_directory_path() / "iot_registry_XXXXXX";
        return std::filesystem::path(::mkdtemp(pattern.data()));
    }();
    std::unique_ptr<store> state_ = store::open((directory_ / "service.db").string()).value();
    service_identity identity_;
    moved_clock clock_;
    registry_changes changes_;
    registry registry_{*state_, identity_, clock_, changes_, issuer(), {"host:1", "host:2"}};
    registry_authority authority_{*state_, identity_, changes_, logger()};
    operation_table table_;
};

}  // namespace evergrass::cloud
