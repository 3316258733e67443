#include "apps/doctor/checks.hpp"
#include "apps/doctor/endpoint_facts.hpp"
#include "apps/doctor/report.hpp"

#include <gmock/gmock.h>

#include <map>

namespace evergrass::doctor {
namespace {

using testing::HasSubstr;

const auto today = *parse_basic_iso8601("20261128T120000Z");
constexpr std::chrono::hours day{24};

endpoint_facts good_way() {
    endpoint_facts e;
    e.place = {service_protocol::https,
               "iot.example",
               8443,
               "coreThing.ggHost and ggHttpPort",
               "/greengrass/certs/root.pem",
               "/greengrass/certs/a.pem"};
    e.addresses = {"192.0.2.1"};
    e.connected = true;
    e.shown_certificate = true;
    e.secured = true;
    e.tls_version = "TLSv1.3";
    e.issuer = "CA";
    e.subject = "server";
    e.names = {"iot.example"};
    e.name_matches = true;
    e.not_after = today + 100 * day;
    e.client = client_outcome::accepted;
    e.server_time = today;
    e.now = today;
    return e;
}

std::map<std::string, judgement> judged(const endpoint_facts& e) {
    std::map<std::string, judgement> all;
    for (const auto& [id, of] : judge_all("https", "", e, endpoint_checks()).findings) {
        all[id] = of;
    }
    return all;
}

// In the order of the steps, as "ok failed skipped …".
std::string verdicts(const endpoint_facts& e) {
    std::string text;
    for (const auto& finding : judge_all("https", "", e, endpoint_checks()).findings) {
        const auto is = finding.of.is;
        text += is == verdict::ok        ? "o"
                : is == verdict::warning ? "w"
                : is == verdict::failed  ? "F"
                                         : "-";
    }
    return text;
}

TEST(endpoint_checks, pass_a_way_without_obstacles) {
    EXPECT_EQ(verdicts(good_way()), "ooooooo");
}

TEST(endpoint_checks, stop_where_the_way_ends) {
    endpoint_facts e;
    e.place = good_way().place;
    e.resolve_error = "Name or service not known";
    EXPECT_EQ(verdicts(e), "F------");
    e.resolve_error.clear();
    e.addresses = {"192.0.2.1"};
    e.connect_error = "cannot connect: Connection refused";
    EXPECT_EQ(verdicts(e), "oF-----");
    EXPECT_THAT(judged(e)["connect"].remedy, HasSubstr("coreThing.ggHost and ggHttpPort"));
    e.connected = true;
    e.tls_error = "the other side does not speak TLS on this port";
    EXPECT_EQ(verdicts(e), "ooF----");
    EXPECT_EQ(status_of({{"https", "", {{"tls", judged(e)["tls"]}}}}), 2);
}

TEST(endpoint_checks, let_a_proxy_look_the_name_up) {
    auto e = good_way();
    e.addresses.clear();
    e.proxy = "http://proxy:3128";
    EXPECT_EQ(verdicts(e), "-oooooo");
}

TEST(endpoint_checks, tell_a_wrong_ca_from_a_wrong_name) {
    auto e = good_way();
    e.chain_error = "unable to get local issuer certificate";
    EXPECT_EQ(verdicts(e), "oooFooo");
    EXPECT_THAT(judged(e)["chain"].remedy, HasSubstr("/greengrass/certs/root.pem"));
    e = good_way();
    e.name_matches = false;
    e.names = {"other.example", "192.0.2.9"};
    EXPECT_EQ(verdicts(e), "ooooFoo");
    EXPECT_THAT(judged(e)["name"].found, HasSubstr("other.example, 192.0.2.9"));
}

TEST(endpoint_checks, warn_of_a_server_certificate_that_ends_soon) {
    auto e = good_way();
    e.not_after = today + 5 * day;
    EXPECT_EQ(verdicts(e), "ooowooo");
    EXPECT_THAT(judged(e)["chain"].found, HasSubstr("5 days left"));
}

TEST(endpoint_checks, quote_how_the_cores_certificate_was_refused) {
    auto e = good_way();
    e.client = client_outcome::refused;
    e.client_error = "alert: certificate revoked";
    e.secured = false;  // TLS 1.2 says so in the handshake
    e.server_time.reset();
    EXPECT_EQ(verdicts(e), "oooooF-");
    EXPECT_THAT(judged(e)["client-certificate"].found, HasSubstr("certificate revoked"));
    e.client = client_outcome::silent;
    EXPECT_EQ(verdicts(e)[5], 'w');
    e.client = client_outcome::not_tried;
    EXPECT_EQ(verdicts(e)[5], '-');
}

TEST(endpoint_checks, allow_the_clocks_fifteen_minutes) {
    auto e = good_way();
    for (const auto apart : {std::chrono::minutes(15), std::chrono::minutes(-15)}) {
        e.server_time = today + apart;
        EXPECT_EQ(verdicts(e), "ooooooo");
    }
    e.server_time = today - std::chrono::minutes(16);
    EXPECT_EQ(verdicts(e), "oooooow");
}

TEST(date_of_answer, is_the_headers_and_nothing_elses) {
    const auto date = date_of_answer(
        "HTTP/1.1 403 Forbidden\r\nServer: x\r\nDATE: Sat, 28 Nov 2026 12:00:00 GMT\r\n\r\n{}");
    ASSERT_TRUE(date);
    EXPECT_EQ(*date, today);
    for (const auto* none :
         {"", "\r\n", "Date", "Date:", "Date:    ", "date: yesterday",
          "Date: Sat, 28 Nov 1013 12:00:00 GMT\r\n", "Date: Sat, 28 Nov 9999 12:00:00 GMT\r\n",
          "HTTP/1.1 200 OK\r\n\r\n"
          "Date: Sat, 28 Nov 2026 12:00:00 GMT\r\n"}) {
        EXPECT_FALSE(date_of_answer(none)) << none;
    }
}

}  // namespace
}  // namespace evergrass::doctor
