#include "cloud/gateway/small_reads.hpp"

#include "cloud/gateway/gateway.hpp"
#include "cloud/gateway/gateway_fixture.hpp"
#include "cloud/gateway/model.hpp"

#include <gmock/gmock.h>

#include <utility>

namespace evergrass::cloud {
namespace {

using ::testing::HasSubstr;

// A service whose GetGroup tells a row of the store, or that there is none.
class small_reads_test : public gateway_fixture {
protected:
    void SetUp() override {
        gateway_fixture::SetUp();
        put("1");
        operation_table table;
        table.add("greengrass", "GetGroup", [this](const call& from) -> api_result {
            ++times_run_;
            std::string value;
            const auto read =
                state_->db().query("test.get", "SELECT value FROM settings WHERE name = 'test'", {},
                                   [&](const db::row& row) { value = row.text(0); });
            if (!read || value.empty()) {
                return api_error{404, "IdNotFoundException", "There is none."};
            }
            return reply{{{"Name", value}, {"Id", from.input.at("GroupId")}}};
        });
        door_ = std::make_unique<gateway>(*state_, std::move(table), service_identity(), logger(),
                                          gateway_options(), clock_);
    }
    void TearDown() override {
        door_.reset();
        gateway_fixture::TearDown();
    }

    void put(const std::string& value, store* by = nullptr) {
        auto& db = (by != nullptr ? by : state_.get())->db();
        ASSERT_TRUE(db.run("test.put",
                           "INSERT OR REPLACE INTO settings(name, value) VALUES('test', ?1)",
                           {value}));
    }
    http::response ask(const std::string& target = "/greengrass/groups/g", std::string body = "") {
        auto asked = signed_request("GET", target, "greengrass", std::move(body));
        auto answered = door_->answer_at_once(asked);
        EXPECT_TRUE(answered);
        return answered.value_or(http::response());
    }
    // How often the operation ran for it.
    int runs(const std::string& target = "/greengrass/groups/g", std::string body = "") {
        const auto before = times_run_;
        ask(target, std::move(body));
        return times_run_ - before;
    }

    int times_run_ = 0;
    std::unique_ptr<gateway> door_;
};

TEST_F(small_reads_test, what_is_asked_again_is_read_once_while_the_store_stays) {
    ask();
    const auto read = ask();
    EXPECT_EQ(runs(), 0);
    const auto same = ask();
    EXPECT_EQ(same.status, 200);
    EXPECT_EQ(same.body, read.body);
    EXPECT_EQ(same.headers.get("content-type"), "application/json");
    ASSERT_TRUE(same.headers.get("x-amzn-requestid"));
    EXPECT_NE(same.headers.get("x-amzn-requestid"), read.headers.get("x-amzn-requestid"));
    EXPECT_EQ(runs("/greengrass/groups/another"), 1);
    EXPECT_THAT(ask("/greengrass/groups/another").body, HasSubstr(R"("Id":"another")"));
    EXPECT_EQ(runs("/greengrass/groups/g", "{}"), 1) << "a body may say more than the target";
}

TEST_F(small_reads_test, what_was_written_is_seen_whoever_wrote_it) {
    const auto another = store::open(directory_ + "/service.db");
    ASSERT_TRUE(another);
    for (const auto* by : {"this", "another"}) {
        for (int n = 0; n < 3; ++n) {
            const auto value = std::string(by) + std::to_string(n);
            put(value, by == std::string("another") ? another->get() : nullptr);
            for (int times = 0; times < 3; ++times) {
                EXPECT_THAT(ask().body, HasSubstr("\"" + value + "\"")) << times;
            }
        }
    }
}

TEST_F(small_reads_test, what_a_transaction_undid_is_not_seen) {
    ask();
    ask();
    ASSERT_FALSE(state_->db().transaction([&]() -> result<void> {
        put("2");
        auto asked = signed_request("GET", "/greengrass/groups/g", "greengrass");
        EXPECT_FALSE(door_->answer_at_once(asked)) << "a transaction is open";
        return error{{}, "undone"};
    }));
    for (int times = 0; times < 3; ++times) {
        EXPECT_THAT(ask().body, HasSubstr(R"("Name":"1")"));
    }
}

TEST_F(small_reads_test, refusals_are_not_kept) {
    put("");
    ask();
    EXPECT_EQ(runs(), 1);
    EXPECT_EQ(runs(), 1);
    EXPECT_EQ(ask().status, 404);
}

TEST_F(small_reads_test, who_asks_is_looked_at_each_time) {
    ask();
    ask();
    EXPECT_EQ(runs(), 0);
    const auto first = std::exchange(key_, *create_access_key(*state_, clock_->now()));
    ask();
    ask();
    EXPECT_EQ(ask().status, 200) << "the same for another key";
    auto forged = signed_request("GET", "/greengrass/groups/g", "greengrass");
    forged.headers.set("x-amz-date", "20261123T193001Z");
    EXPECT_EQ(door_->answer_at_once(forged)->status, 403);
    key_ = first;
    ASSERT_TRUE(revoke_access_key(*state_, key_.id, clock_->now()));
    EXPECT_EQ(ask().status, 403);
    EXPECT_EQ(times_run_, 4) << "two for each key";
}

TEST_F(small_reads_test, they_are_asked_for_by_their_target_alone) {
    const model_catalog catalog;
    const auto* model = catalog.find("greengrass");
    ASSERT_NE(model, nullptr);
    int small = 0;
    for (const auto& each : model->operations()) {
        if (!is_small_read("greengrass", each.name)) {
            continue;
        }
        ++small;
        EXPECT_EQ(each.method, "GET") << each.name;
        ASSERT_TRUE(each.input) << each.name;
        for (const auto& member : model->at(*each.input).members) {
            EXPECT_TRUE(member.where == place::uri || member.where == place::query)
                << each.name << " has " << member.name;
        }
    }
    EXPECT_EQ(small, 26);
    EXPECT_FALSE(is_small_read("greengrass", "GetNothing"));
    EXPECT_FALSE(is_small_read("iot", "GetGroup"));
}

}  // namespace
}  // namespace evergrass::cloud
