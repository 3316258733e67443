#include "cloud/gateway/gateway.hpp"

#include "cloud/gateway/gateway_fixture.hpp"
#include "cloud/gateway/model.hpp"
#include "cloud/gateway/rights.hpp"
#include "cloud/gateway/session_credentials.hpp"
#include "cloud/gateway/small_reads.hpp"
#include "cloud/gateway/transaction.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

#include <stdexcept>
#include <thread>

namespace evergrass::cloud {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class gateway_test : public gateway_fixture {
protected:
    static operation_table operations() {
        operation_table table;
        table.add("greengrass", "CreateGroup", [](const call& from) -> api_result {
            return reply{{{"Name", from.input.at("Name")}, {"Id", "1"}}, 201};
        });
        table.add("greengrass", "GetGroup", [](const call&) -> api_result {
            return api_error{404, "IdNotFoundException", "That Group Definition does not exist."};
        });
        table.add("greengrass", "GetAssociatedRole", [](const call&) -> api_result {
            return api_error{404, "", "You need to attach an IAM role to this deployment group."};
        });
        table.add("greengrass", "ListGroups",
                  [](const call&) -> api_result { throw std::runtime_error("a secret path"); });
        table.add("lambda", "ListFunctions", [](const call&) -> api_result {
            return internal_error(error{errc::corrupt, "a secret path"});
        });
        return table;
    }

    std::unique_ptr<gateway> make(gateway_options options = {}) {
        auto log = logger::to_file(directory_ + "/log/gateway.log", log_level::debug, 1 << 20, 1);
        EXPECT_TRUE(log);
        return std::make_unique<gateway>(*state_, operations(), service_identity(), *log,
                                         std::move(options), clock_);
    }

    std::string logged() const { return *read_file(directory_ + "/log/gateway.log"); }

    static std::string type_of(const http::response& r) {
        return std::string(r.headers.get("x-amzn-ErrorType").value_or("none"));
    }

    static std::string outcome(const http::response& r) {
        return std::to_string(r.status) + " " + type_of(r);
    }
};

http::request reset_request(std::string method = "POST", std::string host = "127.0.0.1:80") {
    http::request made;
    made.method = std::move(method);
    made.target = "/_evergrass/reset";
    made.headers.add("Host", std::move(host));
    made.headers.add("X-Evergrass-Reset", "1");
    return made;
}

TEST_F(gateway_test, a_signed_call_reaches_its_operation_and_the_answer_the_caller) {
    const auto door = make();
    const auto answered = door->answer(
        signed_request("POST", "/greengrass/groups", "greengrass", R"({"Name":"g"})"), false);
    EXPECT_EQ(answered.status, 201);
    EXPECT_EQ(answered.body, R"({"Name":"g","Id":"1"})");
    EXPECT_EQ(answered.headers.get("x-amzn-requestid")->size(), 36u);
    EXPECT_THAT(logged(), AllOf(HasSubstr("[DEBUG]-API request."), HasSubstr("CreateGroup")));
}

TEST_F(gateway_test, an_operations_error_keeps_its_code_or_its_lack_of_one) {
    const auto door = make();
    EXPECT_EQ(
        outcome(door->answer(signed_request("GET", "/greengrass/groups/g", "greengrass"), false)),
        "404 IdNotFoundException");
    EXPECT_EQ(outcome(door->answer(signed_request("GET", "/greengrass/groups/g/role", "greengrass"),
                                   false)),
              "404 none");
}

TEST_F(gateway_test, wrong_input_never_reaches_the_operation) {
    const auto door = make();
    EXPECT_EQ(outcome(door->answer(signed_request("POST", "/greengrass/groups", "greengrass", "{}"),
                                   false)),
              "400 InvalidInputException");
    EXPECT_EQ(outcome(door->answer(signed_request("POST", "/greengrass/groups", "greengrass", "{"),
                                   false)),
              "400 BadRequestException");
    EXPECT_THAT(logged(), AllOf(HasSubstr("An API request was refused."),
                                HasSubstr("greengrass:CreateGroup"), HasSubstr("line 1")));
}

TEST_F(gateway_test, what_is_not_there_is_said_so) {
    const auto door = make();
    const auto ask = [&](const char* method, const char* target, const char* service) {
        return door->answer(signed_request(method, target, service), false);
    };
    EXPECT_EQ(outcome(ask("GET", "/nothing", "greengrass")), "404 UnknownOperationException");
    EXPECT_EQ(outcome(ask("GET", "/bucket", "s3")), "404 UnknownOperationException");
    const auto missing = ask("GET", "/things", "execute-api");
    EXPECT_EQ(outcome(missing), "501 NotImplementedException");
    EXPECT_THAT(missing.body, HasSubstr("iot:ListThings"));
}

TEST_F(gateway_test, an_internal_fault_is_logged_and_kept_from_the_caller) {
    const auto door = make();
    const auto thrown =
        door->answer(signed_request("GET", "/greengrass/groups", "greengrass"), false);
    EXPECT_EQ(outcome(thrown), "500 InternalServerErrorException");
    const auto failed =
        door->answer(signed_request("GET", "/2015-03-31/functions/", "lambda"), false);
    EXPECT_EQ(outcome(failed), "500 ServiceException");
    for (const auto* answered : {&thrown, &failed}) {
        EXPECT_THAT(answered->body, ::testing::Not(HasSubstr("secret")));
        EXPECT_THAT(logged(), HasSubstr(std::string(*answered->headers.get("x-amzn-requestid"))));
    }
    EXPECT_THAT(logged(), AllOf(HasSubstr("[WARN]"), HasSubstr("exception: a secret path")));
}

TEST_F(gateway_test, an_unsigned_request_is_refused_and_a_visitor_is_told_how_to_call) {
    const auto door = make();
    http::request visit;
    visit.method = "GET";
    visit.target = "/";
    visit.headers.add("Host", "10.0.0.1:8443");
    const auto told = door->answer(visit, false);
    EXPECT_EQ(outcome(told), "403 MissingAuthenticationTokenException");
    EXPECT_THAT(told.body, HasSubstr("aws --endpoint-url https://10.0.0.1:8443"));
    visit.target = "/greengrass/groups";
    EXPECT_EQ(outcome(door->answer(visit, false)), "403 MissingAuthenticationTokenException");
}

TEST_F(gateway_test, the_reset_runs_only_when_allowed_and_only_on_loopback) {
    int resets = 0;
    const auto off = make();
    EXPECT_EQ(off->answer(reset_request(), true).status, 404);
    EXPECT_THAT(off->answer(reset_request(), true).body, HasSubstr("--allow-reset"));

    gateway_options options;
    options.reset = [&]() -> result<void> {
        ++resets;
        return {};
    };
    const auto on = make(options);
    EXPECT_EQ(on->answer(reset_request(), false).status, 404);
    EXPECT_EQ(on->answer(reset_request("GET"), true).status, 404);
    for (const auto* host : {"evil.example", "127.0.0.1.evil.example", "", "[::2]", "localhostx"}) {
        EXPECT_EQ(on->answer(reset_request("POST", host), true).status, 403) << host;
    }
    auto headerless = reset_request();
    headerless.headers.set("X-Evergrass-Reset", "0");
    EXPECT_EQ(on->answer(headerless, true).status, 403);
    EXPECT_EQ(resets, 0);

    for (const auto* host : {"127.0.0.1:8080", "127.9.9.9", "localhost:1", "[::1]:80", "[::1]"}) {
        const auto done = on->answer(reset_request("POST", host), true);
        EXPECT_EQ(done.status, 200) << host;
        EXPECT_EQ(done.body, "{}");
    }
    EXPECT_EQ(resets, 5);
}

TEST_F(gateway_test, a_reset_that_fails_says_so) {
    gateway_options options;
    options.reset = []() -> result<void> { return error{errc::unavailable, "disk full"}; };
    EXPECT_EQ(make(options)->answer(reset_request(), true).status, 503);
    EXPECT_THAT(logged(), HasSubstr("disk full"));
}

TEST_F(gateway_test, the_handler_answers_on_the_executor_of_its_caller) {
    const auto door = make();
    auto handle = door->handler(false);
    boost::asio::io_context here;
    http::response answered;
    std::thread::id resumed_on;
    boost::asio::co_spawn(
        here, handle(signed_request("POST", "/greengrass/groups", "greengrass", R"({"Name":"g"})")),
        [&](const std::exception_ptr& failed, http::response response) {
            EXPECT_EQ(failed, nullptr);
            answered = std::move(response);
            resumed_on = std::this_thread::get_id();
        });
    here.run();
    EXPECT_EQ(answered.status, 201);
    EXPECT_EQ(resumed_on, std::this_thread::get_id());
}

TEST_F(gateway_test, many_calls_at_once_are_all_answered) {
    const auto door = make();
    auto handle = door->handler(false);
    boost::asio::io_context here;
    int created = 0;
    for (int i = 0; i < 50; ++i) {
        boost::asio::co_spawn(
            here,
            handle(signed_request("POST", "/greengrass/groups", "greengrass", R"({"Name":"g"})",
                                  {{"X-Amzn-Client-Token", std::to_string(i % 5)}})),
            [&](const std::exception_ptr&, const http::response& response) {
                created += response.status == 201 ? 1 : 0;
            });
    }
    here.run();
    EXPECT_EQ(created, 50);
}

TEST_F(gateway_test, a_full_disk_is_said_so_leaves_nothing_half_written_and_passes) {
    auto table = operations();
    table.add("greengrass", "CreateGroup", [this](const call& from) -> api_result {
        return in_transaction(*state_, [&]() -> api_result {
            for (int i = 0; i < 8; ++i) {
                auto written = state_->db().run(
                    "fill", "INSERT INTO tags VALUES(?1, ?2, ?3)",
                    {from.request_id, std::int64_t{i}, std::string(64 * 1024, 'x')});
                if (!written) {
                    return internal_error(written.error());
                }
            }
            return reply{{{"Id", "1"}}, 201};
        });
    });
    gateway door(*state_, std::move(table), service_identity(), logger(), {}, clock_);
    const auto create = [&] {
        return door.answer(
            signed_request("POST", "/greengrass/groups", "greengrass", R"({"Name":"g"})"), false);
    };
    const auto count = [&](const char* name, const char* sql) {
        std::int64_t number = -1;
        EXPECT_TRUE(state_->db().query(name, sql, {},
                                       [&](const db::row& row) { number = row.integer(0); }));
        return number;
    };
    // The file may grow no more: what SQLite does when the disk has no block left.
    ASSERT_TRUE(state_->db().run("full", "PRAGMA max_page_count=1"));
    const auto refused = create();
    EXPECT_EQ(outcome(refused), "503 ServiceUnavailableException");
    EXPECT_EQ(refused.headers.get("retry-after"), "1");
    EXPECT_THAT(refused.body, HasSubstr("disk is full"));
    EXPECT_EQ(count("tags", "SELECT count(*) FROM tags"), 0);
    ASSERT_TRUE(state_->db().run("space", "PRAGMA max_page_count=1000000"));
    EXPECT_EQ(create().status, 201);
    EXPECT_EQ(count("tags", "SELECT count(*) FROM tags"), 8);
}

TEST_F(gateway_test, each_role_may_what_it_may_and_each_change_is_recorded) {
    const auto door = make();
    const auto ask = [&](access_role role, std::string method, std::string target,
                         std::string body = "") {
        key_ = *create_access_key(*state_, clock_->now(), {role, ""});
        return outcome(door->answer(
            signed_request(std::move(method), std::move(target), "greengrass", std::move(body)),
            false));
    };
    const std::string body = R"({"Name":"pumps"})";
    EXPECT_EQ(ask(access_role::read_only, "POST", "/greengrass/groups", body),
              "403 AccessDeniedException");
    const auto reader = key_.id;
    EXPECT_EQ(ask(access_role::read_only, "GET", "/greengrass/groups/1/role"), "404 none");
    EXPECT_EQ(ask(access_role::operate, "POST", "/greengrass/groups", body), "201 none");
    EXPECT_EQ(ask(access_role::operate, "PUT", "/greengrass/groups/1/role", "{}"),
              "403 AccessDeniedException");
    EXPECT_EQ(ask(access_role::admin, "PUT", "/greengrass/groups/1/role", "{}"),
              "501 NotImplementedException");
    const auto entries = state_->audit().list({}).value();
    ASSERT_EQ(entries.size(), 4u) << "reading is no change";
    EXPECT_EQ(entries[0].actor, reader);
    EXPECT_EQ(entries[0].operation, "greengrass:CreateGroup");
    EXPECT_EQ(entries[0].target, "Name=pumps");
    EXPECT_EQ(entries[0].status, 403);
    EXPECT_EQ(entries[0].code, "AccessDeniedException");
    EXPECT_EQ(entries[1].status, 200);
    EXPECT_EQ(entries[2].target, "GroupId=1");
    EXPECT_EQ(entries[3].status, 501);
    EXPECT_THAT(logged(), HasSubstr(entries[0].request_id));
}

TEST_F(gateway_test, who_asks_too_often_is_told_as_the_service_tells_it) {
    request_counts counts;
    request_limits limits(1, 0, counts);
    gateway_options options;
    options.counts = &counts;
    options.limits = &limits;
    const auto door = make(std::move(options));
    const auto ask = [&] {
        return door->answer(signed_request("GET", "/greengrass/groups/1", "greengrass"), false);
    };
    while (ask().status != 429) {
    }
    const auto refused = ask();
    EXPECT_EQ(outcome(refused), "429 ThrottlingException");
    EXPECT_EQ(refused.headers.get("retry-after"), "1");
    key_ = *create_access_key(*state_, clock_->now());
    EXPECT_EQ(ask().status, 404) << "another key has its own";
    metrics_writer out;
    counts.write(out);
    EXPECT_THAT(out.take(), HasSubstr("operation=\"greengrass:GetGroup\",status=\"404\""));
}

TEST_F(gateway_test, a_signature_in_the_query_is_not_logged) {
    const auto door = make();
    http::request asked;
    asked.method = "GET";
    asked.target = "/greengrass/groups?X-Amz-Signature=abcdef";
    door->answer(asked, false);
    EXPECT_THAT(logged(), HasSubstr("/greengrass/groups?(signed)"));
    EXPECT_EQ(logged().find("abcdef"), std::string::npos);
}

TEST_F(gateway_test, a_session_is_kept_to_what_it_may_do) {
    const auto door = make();
    const auto made = create_session(*state_, {"arn:aws:iam::123456789012:role/R", "core",
                                               clock_->now() + std::chrono::hours(1)});
    ASSERT_TRUE(made);
    key_ = made->key;
    const auto ask = [&](std::string method, std::string target, std::string body = "") {
        return door->answer(
            signed_request(std::move(method), std::move(target), "greengrass", std::move(body),
                           {{"X-Amz-Security-Token", made->token}}),
            false);
    };
    EXPECT_EQ(outcome(ask("GET", "/greengrass/groups/1/role")), "404 none");
    auto small_read = signed_request("GET", "/greengrass/groups/1", "greengrass", "",
                                     {{"X-Amz-Security-Token", made->token}});
    EXPECT_FALSE(door->answer_at_once(small_read)) << "what opens tokens may have to be made";
    EXPECT_EQ(outcome(door->answer(small_read, false)), "404 IdNotFoundException");
    const auto refused = ask("POST", "/greengrass/groups", R"({"Name":"g"})");
    EXPECT_EQ(outcome(refused), "403 AccessDeniedException");
    EXPECT_THAT(
        refused.body,
        HasSubstr("User: arn:aws:sts::123456789012:assumed-role/R/core is not authorized to "
                  "perform: greengrass:CreateGroup"));
}

TEST_F(gateway_test, a_small_read_is_answered_at_once_and_as_ever) {
    const auto door = make();
    auto read = signed_request("GET", "/greengrass/groups/1", "greengrass");
    const auto answered = door->answer_at_once(read);
    ASSERT_TRUE(answered);
    EXPECT_EQ(outcome(*answered), "404 IdNotFoundException");
    EXPECT_EQ(answered->headers.get("x-amzn-requestid")->size(), 36U);
    auto fails = signed_request("GET", "/greengrass/groups", "greengrass");
    EXPECT_EQ(door->answer_at_once(fails)->status, 500);
    auto forged = read;
    forged.target += "2";
    EXPECT_EQ(outcome(*door->answer_at_once(forged)), "403 InvalidSignatureException");
    ASSERT_TRUE(revoke_access_key(*state_, key_.id, clock_->now()));
    EXPECT_EQ(outcome(*door->answer_at_once(read)), "403 UnrecognizedClientException")
        << "the next request after the key was revoked";
}

TEST_F(gateway_test, what_may_take_longer_is_left_to_the_handler) {
    const auto door = make();
    const auto is_left = [&](http::request asked) {
        const auto before = asked;
        const bool left = !door->answer_at_once(asked);
        return left && asked.target == before.target && asked.body == before.body &&
               asked.headers.all() == before.headers.all();
    };
    EXPECT_TRUE(is_left(signed_request("POST", "/greengrass/groups", "greengrass", "{}")));
    EXPECT_TRUE(is_left(signed_request("GET", "/greengrass/groups/1/role", "greengrass")));
    EXPECT_TRUE(is_left(signed_request("GET", "/greengrass/nowhere", "greengrass")));
    EXPECT_TRUE(is_left(signed_request("GET", "/2015-03-31/functions", "lambda")));
    EXPECT_TRUE(is_left(signed_request("GET", "/greengrass/groups/1", "s3")));
    auto unsigned_request = http::request();
    unsigned_request.method = "GET";
    unsigned_request.target = "/greengrass/groups/1";
    EXPECT_TRUE(is_left(unsigned_request));
    const auto read = signed_request("GET", "/greengrass/groups/1", "greengrass");
    EXPECT_FALSE(is_left(read));
    const auto hold = state_->db().lock();
    std::thread others([&] { EXPECT_TRUE(is_left(read)) << "the store is in use"; });
    others.join();
}

TEST(small_reads, are_operations_of_the_model_that_only_read) {
    const model_catalog catalog;
    int known = 0;
    for (const auto service : model_catalog::services()) {
        for (const auto& each : catalog.find(service)->operations()) {
            if (is_small_read(service, each.name)) {
                ++known;
                EXPECT_EQ(each.method, "GET") << each.name;
                EXPECT_EQ(needed_role(service, each.name), access_role::read_only) << each.name;
            }
        }
    }
    EXPECT_EQ(known, 26) << "a name that no model has is misspelt";
    EXPECT_FALSE(is_small_read("iot", "GetGroup"));
}

}  // namespace
}  // namespace evergrass::cloud
