#pragma once

#include "cloud/gateway/access_keys.hpp"
#include "cloud/gateway/signed_request.hpp"
#include "cloud/store/store.hpp"
#include "libs/http/message.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <stdlib.h>
#include <string>
#include <utility>

namespace evergrass::cloud {

// For the gateway's tests: a store in a directory of its own with one key, and requests signed with
// it.
class gateway_fixture : public ::testing::Test {
protected:
    class set_clock final : public clock {
    public:
        wall_time now() const override { return now_; }
        wall_time now_ = *parse_basic_iso8601("20261123T193000Z");
    };

    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "evergrass-gateway-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
        auto opened = store::open(directory_ + "/service.db");
        ASSERT_TRUE(opened);
        state_ = std::move(*opened);
        key_ = *create_access_key(*state_, clock_->now());
    }
    void TearDown() override {
        state_.reset();
        std::filesystem::remove_all(directory_);
    }

    http::request signed_request(std::string method, std::string target, std::string signing_name,
                                 std::string body = "",
                                 std::vector<std::pair<std::string, std::string>> headers = {}) {
        headers.emplace_back("Host", "127.0.0.1:8080");
        return cloud::signed_request(key_, "us-east-1", signing_name, clock_->now(),
                                     std::move(method), std::move(target), std::move(body),
                                     std::move(headers));
    }

    std::string directory_;
    std::unique_ptr<store> state_;
    std::shared_ptr<set_clock> clock_ = std::make_shared<set_clock>();
    access_key key_;
};

}  // namespace evergrass::cloud
