#include "edge/deployment/server_certificate.hpp"

#include "edge/deployment/test_directory.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"
#include "libs/http/server.hpp"
#include "libs/rt/test_run.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <random>

namespace evergrass::edge {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;

const wall_time start = wall_time(std::chrono::sys_days(std::chrono::year(2026) / 12 / 1));
constexpr std::chrono::hours day{24};

pki::certificate_info seven_days() {
    pki::certificate_info info;
    info.not_before = start;
    info.not_after = start + 7 * 24h;
    return info;
}

const certificate_purpose purpose{{"127.0.0.1"}, "authority", "1"};
const certificate_record record{purpose, std::nullopt};

TEST(renewal_reason, none_while_the_purpose_is_the_same_and_half_of_the_life_is_left) {
    EXPECT_FALSE(renewal_reason(seven_days(), record, purpose, start + 3 * 24h));
}

TEST(renewal_reason, half_of_the_life_is_over) {
    EXPECT_TRUE(renewal_reason(seven_days(), record, purpose, start + 84h));
}

TEST(renewal_reason, of_one_that_the_core_signed_the_life_begins_when_it_was_made) {
    auto made = record;
    made.made_at = start + 5 * day;
    EXPECT_FALSE(renewal_reason(seven_days(), made, purpose, start + 5 * day + 23h));
    EXPECT_TRUE(renewal_reason(seven_days(), made, purpose, start + 6 * day));
}

TEST(renewal_reason, any_change_of_purpose) {
    auto other = purpose;
    other.names = {"10.0.0.1"};
    EXPECT_TRUE(renewal_reason(seven_days(), record, other, start));
    other = purpose;
    other.authority = "rotated";
    EXPECT_TRUE(renewal_reason(seven_days(), record, other, start));
    other = purpose;
    other.connectivity_version = "2";
    EXPECT_TRUE(renewal_reason(seven_days(), record, other, start));
    other = purpose;
    other.for_a_clock_behind = true;
    EXPECT_TRUE(renewal_reason(seven_days(), record, other, start));
}

TEST(renewal_reason, none_for_a_connectivity_version_that_is_not_known_yet) {
    auto other = purpose;
    other.connectivity_version.clear();
    EXPECT_FALSE(renewal_reason(seven_days(), record, other, start));
}

TEST(renewal_reason, no_certificate_or_unknown_purpose) {
    EXPECT_TRUE(renewal_reason(std::nullopt, record, purpose, start));
    EXPECT_TRUE(renewal_reason(seven_days(), std::nullopt, purpose, start));
}

TEST(server_certificate, missing_certificate_is_no_identity) {
    const test_directory dir;
    const server_certificate certificate(dir.path(), nullptr, logger());
    EXPECT_FALSE(certificate.load().value());
}

TEST(server_certificate, a_certificate_of_another_key_is_not_used) {
    const test_directory dir;
    pki::certificate_request wanted;
    wanted.common_name = "core";
    wanted.not_before = start;
    wanted.not_after = start + 24h;
    const auto pem = pki::make_self_signed(wanted, pki::generate_ec_key()).value();
    ASSERT_TRUE(write_file_atomically(dir.path() / "server.crt", pem));
    ASSERT_TRUE(write_file_atomically(dir.path() / "server.key", pki::generate_ec_key()));
    const server_certificate certificate(dir.path(), nullptr, logger());
    EXPECT_FALSE(certificate.load().value());
}

TEST(server_certificate, truncated_certificate_is_not_used) {
    const test_directory dir;
    ASSERT_TRUE(
        write_file_atomically(dir.path() / "server.crt", "-----BEGIN CERTIFICATE-----\nMI"));
    const server_certificate certificate(dir.path(), nullptr, logger());
    EXPECT_FALSE(certificate.load().value());
}

TEST(local_names, hold_loopback_and_a_specific_listen_address) {
    const auto names = local_names("127.0.0.9");
    EXPECT_NE(std::find(names.begin(), names.end(), "127.0.0.9"), names.end());
    EXPECT_NE(std::find(names.begin(), names.end(), "localhost"), names.end());
}

// --- The core's own authority ---------------------------------------------------------------

struct group_ca {
    std::string key = pki::generate_ec_key();  // of a service an RSA key, which takes longer
    std::string pem;

    group_ca() {
        pki::certificate_request wanted;
        wanted.common_name = "Evergrass Group CA g";
        wanted.is_ca = true;
        wanted.not_before = start - day;
        wanted.not_after = wall_time(std::chrono::seconds(2'524'607'999));
        pem = pki::make_self_signed(wanted, key).value();
    }
};

struct freed {
    void operator()(X509_STORE* p) const { X509_STORE_free(p); }
    void operator()(X509_STORE_CTX* p) const { X509_STORE_CTX_free(p); }
    void operator()(X509* p) const { X509_free(p); }
    void operator()(BIO* p) const { BIO_free(p); }
};

// What a device does that trusts the group's CA alone and connects to `host` at that time: "" when
// it goes on, else why not.
std::string refusal_of_device(const std::string& chain_pem, const std::string& trusted_pem,
                              const std::string& host, wall_time at) {
    const auto read_all = [](const std::string& pem) {
        std::vector<std::unique_ptr<X509, freed>> all;
        const std::unique_ptr<BIO, freed> from(
            BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
        while (auto* one = PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr)) {
            all.emplace_back(one);
        }
        return all;
    };
    const auto chain = read_all(chain_pem);
    const auto trusted = read_all(trusted_pem);
    const std::unique_ptr<X509_STORE, freed> store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), trusted.front().get());
    auto* sent = sk_X509_new_null();
    for (const auto& each : chain) {
        sk_X509_push(sent, each.get());
    }
    const std::unique_ptr<X509_STORE_CTX, freed> context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), sent);
    auto* rules = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_time(rules, to_epoch_seconds(at));
    X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str());
    X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER);
    const bool fine = X509_verify_cert(context.get()) == 1;
    std::string why =
        fine ? "" : X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
    sk_X509_free(sent);
    return why;
}

// A service that delegates, and a core that asks it.
struct own_authority : ::testing::Test {
    boost::asio::io_context io;
    test_directory dir;
    group_ca ca;
    wall_time true_time = start;
    int status = 200;
    bool delegates = true;
    std::chrono::hours life{0};  // 0: to the CA's end
    json::array addresses;
    int asked_for_authority = 0;
    int asked_for_certificate = 0;

    std::unique_ptr<http::server> serving = std::make_unique<http::server>(
        http::server_options{},
        [this](http::request asked) { return answer(this, std::move(asked)); }, logger());
    std::unique_ptr<rt::listener> listening =
        rt::listener::open_plain(
            io.get_executor(), {}, [this](rt::plain_connection c) { serving->serve(std::move(c)); },
            logger())
            .value();
    std::unique_ptr<http::client> service = std::make_unique<http::client>(io.get_executor(), to());
    std::unique_ptr<server_certificate> core = restarted();

    ~own_authority() override {
        service.reset();
        listening.reset();
        serving.reset();
        io.restart();
        io.poll();
    }

    http::client_options to() const {
        http::client_options options;
        options.host = "127.0.0.1";
        options.port = listening->port();
        return options;
    }

    std::unique_ptr<server_certificate> restarted() {
        return std::make_unique<server_certificate>(dir.path(), nullptr, logger());
    }

    static boost::asio::awaitable<http::response> answer(own_authority* self, http::request asked) {
        http::response out;
        out.status = self->status;
        if (self->status != 200) {
            out.body = R"({"message":"no"})";
            co_return out;
        }
        const auto body = parse_json(asked.body).value();
        const auto csr = pki::read_csr(string_member(body.get_object(), "csr").value()).value();
        pki::certificate_request wanted;
        wanted.common_name = "any";
        wanted.not_before = self->true_time - day;
        if (asked.target.ends_with("/local-authority")) {
            ++self->asked_for_authority;
            if (!self->delegates) {
                out.body = R"({"delegated":false})";
                co_return out;
            }
            wanted.is_ca = true;
            wanted.path_length = 0;
            wanted.not_after = self->life == 0h ? wall_time(std::chrono::seconds(2'524'607'999))
                                                : self->true_time + self->life;
            out.body = json::serialize(json::object{
                {"delegated", true},
                {"certificate",
                 pki::issue(wanted, csr.public_key_pem, self->ca.pem, self->ca.key).value()},
                {"addresses", self->addresses}});
        } else {
            ++self->asked_for_certificate;
            wanted.names = {"127.0.0.1"};
            wanted.for_server = true;
            wanted.not_after = self->true_time + 7 * day;
            out.body = json::serialize(json::object{
                {"chain",
                 pki::issue(wanted, csr.public_key_pem, self->ca.pem, self->ca.key).value()}});
        }
        co_return out;
    }

    certificate_wish wish() const {
        certificate_wish wanted;
        wanted.thing = "Core";
        wanted.group_id = "g";
        wanted.group_ca_pem = ca.pem;
        wanted.local_names = {"127.0.0.1"};
        return wanted;
    }

    result<bool> renew(const certificate_wish& wanted) {
        return rt::testing::run(io, core->renew(*service, wanted, true_time));
    }
    std::string chain() const { return core->load().value().value().chain_pem; }
    std::string refusal(const std::string& host = "127.0.0.1") const {
        return refusal_of_device(chain(), ca.pem, host, true_time);
    }
    wall_time ends() const { return pki::read_certificate(chain()).value().not_after; }
};

TEST_F(own_authority, the_core_signs_and_a_device_that_knows_the_groups_ca_goes_on) {
    ASSERT_TRUE(renew(wish()).value());
    EXPECT_EQ(refusal(), "");
    EXPECT_EQ(ends(), true_time + 7 * day);
    EXPECT_EQ(asked_for_certificate, 0);
    EXPECT_FALSE(renew(wish()).value()) << "nothing changed";
    EXPECT_EQ(asked_for_authority, 1);
    EXPECT_THAT(refusal("10.9.9.9"), HasSubstr("IP address mismatch"));
    EXPECT_THAT(refusal_of_device(chain(), group_ca().pem, "127.0.0.1", true_time),
                HasSubstr("unable to get"));
}

TEST_F(own_authority, keys_and_what_tells_of_them_are_for_their_owner_alone) {
    ASSERT_TRUE(core->make_keys());
    ASSERT_TRUE(renew(wish()).value());
    ASSERT_FALSE(core->renew_alone(wish(), true_time + 2h).value());
    for (const auto* name : {"server.key", "authority.key", "authority.json", "latest-time.json"}) {
        const auto mode = std::filesystem::status(dir.path() / name).permissions();
        EXPECT_EQ(static_cast<int>(mode), 0600) << name;
    }
}

TEST_F(own_authority, addresses_of_the_service_and_of_the_host_are_in_the_certificate) {
    addresses = {"203.0.113.7"};
    auto wanted = wish();
    wanted.connectivity_version = "1";
    ASSERT_TRUE(renew(wanted).value());
    EXPECT_EQ(refusal("203.0.113.7"), "");
    wanted.local_names.push_back("192.168.7.7");  // while the service is away
    ASSERT_TRUE(core->renew_alone(wanted, true_time).value());
    EXPECT_EQ(refusal("192.168.7.7"), "");
    EXPECT_EQ(refusal("203.0.113.7"), "");
    addresses = {"203.0.113.8"};
    wanted.connectivity_version = "2";
    ASSERT_TRUE(renew(wanted).value());
    EXPECT_EQ(refusal("203.0.113.8"), "");
    EXPECT_NE(refusal("203.0.113.7"), "");
}

TEST_F(own_authority, the_groups_expiry_setting_counts) {
    auto wanted = wish();
    wanted.life = 30 * day;
    ASSERT_TRUE(renew(wanted).value());
    EXPECT_EQ(ends(), true_time + 30 * day);
}

TEST_F(own_authority, a_new_group_ca_signs_a_new_authority_and_the_old_chain_goes) {
    ASSERT_TRUE(renew(wish()).value());
    const auto old_ca = ca.pem;
    ca = group_ca();
    ASSERT_FALSE(core->renew_alone(wish(), true_time).value()) << "the old chain goes on";
    ASSERT_TRUE(renew(wish()).value());
    EXPECT_EQ(refusal(), "");
    EXPECT_NE(refusal_of_device(chain(), old_ca, "127.0.0.1", true_time), "");
}

TEST_F(own_authority, one_that_is_for_a_time_is_asked_for_again_at_half_of_it) {
    life = 40 * day;
    ASSERT_TRUE(renew(wish()).value());
    true_time += 19 * day;
    ASSERT_TRUE(renew(wish()).value());
    EXPECT_EQ(asked_for_authority, 1);
    true_time += 2 * day;
    ASSERT_TRUE(renew(wish()).value());
    EXPECT_EQ(asked_for_authority, 2);
    EXPECT_EQ(refusal(), "");
}

TEST_F(own_authority, its_certificates_do_not_outlive_it) {
    life = 10 * day;
    ASSERT_TRUE(renew(wish()).value());
    true_time += 6 * day;
    ASSERT_TRUE(core->renew_alone(wish(), true_time).value());
    EXPECT_EQ(ends(), true_time + 4 * day);
}

TEST_F(own_authority, where_there_is_to_be_none_the_service_signs) {
    delegates = false;
    ASSERT_TRUE(renew(wish()).value());
    EXPECT_EQ(refusal(), "");
    ASSERT_FALSE(renew(wish()).value());
    EXPECT_EQ(asked_for_authority, 1);
    EXPECT_EQ(asked_for_certificate, 1);
    EXPECT_FALSE(core->renew_alone(wish(), true_time + 100 * day).value());
}

TEST_F(own_authority, one_that_is_withdrawn_is_gone) {
    ASSERT_TRUE(renew(wish()).value());
    delegates = false;
    auto wanted = wish();
    wanted.connectivity_version = "2";
    ASSERT_TRUE(renew(wanted).value());
    EXPECT_EQ(asked_for_certificate, 1);
    EXPECT_FALSE(std::filesystem::exists(dir.path() / "authority.json"));
}

TEST_F(own_authority, a_service_that_refuses_or_forgot_the_core_changes_nothing) {
    ASSERT_TRUE(renew(wish()).value());
    auto wanted = wish();
    wanted.connectivity_version = "2";
    for (const int refused : {401, 404, 503}) {
        status = refused;
        const auto before = chain();
        const auto renewed = renew(wanted);
        EXPECT_TRUE(!renewed || !*renewed) << refused;
        EXPECT_EQ(chain(), before) << refused;
        ASSERT_TRUE(core->renew_alone(wanted, true_time += 4 * day).value());
        EXPECT_EQ(refusal(), "");
    }
}

TEST_F(own_authority, an_authority_of_another_group_is_not_taken) {
    const auto right = ca.pem;
    ca = group_ca();
    auto wanted = wish();
    wanted.group_ca_pem = right;
    const auto renewed = renew(wanted);
    ASSERT_FALSE(renewed);
    EXPECT_THAT(renewed.error().message(), HasSubstr("not signed by the group's CA"));
    EXPECT_FALSE(std::filesystem::exists(dir.path() / "authority.json"));
}

// --- Clocks ---------------------------------------------------------------------------------

TEST_F(own_authority, a_clock_that_starts_in_1970_makes_a_certificate_that_lasts) {
    ASSERT_TRUE(renew(wish()).value());
    ASSERT_FALSE(core->renew_alone(wish(), true_time + 2h).value());
    core = restarted();
    true_time += 400 * day;  // without power; nobody tells the time
    ASSERT_TRUE(core->renew_alone(wish(), wall_time(5min)).value());
    EXPECT_EQ(refusal(), "");
    EXPECT_FALSE(core->renew_alone(wish(), wall_time(5min) + 30 * day).value());
    // The clock is corrected: an ordinary one again.
    ASSERT_TRUE(core->renew_alone(wish(), true_time).value());
    EXPECT_EQ(ends(), true_time + 7 * day);
    EXPECT_EQ(refusal(), "");
}

TEST_F(own_authority, a_clock_that_was_ahead_makes_none_that_devices_refuse) {
    ASSERT_TRUE(renew(wish()).value());
    ASSERT_TRUE(core->renew_alone(wish(), true_time + 3'000 * day).value());
    EXPECT_EQ(refusal(), "");
    ASSERT_TRUE(core->renew_alone(wish(), true_time).value());
    EXPECT_EQ(refusal(), "");
    core = restarted();
    EXPECT_FALSE(core->renew_alone(wish(), true_time + 20 * day).value());
    true_time += 1'000 * day;
    EXPECT_EQ(refusal(), "");
}

// Eight days a step and certificates of thirty, the service away but for a new CA now and then, the
// clock wrong now and then, and the core restarted now and then. Devices know the time.
TEST_F(own_authority, eleven_years_without_a_device_refused) {
    ASSERT_TRUE(renew(wish()).value());
    std::mt19937 random(20261201);
    const auto once_in = [&](unsigned count) { return random() % count == 0; };
    int certificates = 0;
    int refused = 0;
    int wrong_clocks = 0;
    auto wrong_until = true_time;
    auto wrong_by = std::chrono::hours(0);
    for (const auto end = true_time + 11 * 365 * day; true_time < end; true_time += 8 * day) {
        if (once_in(20)) {
            core = restarted();
        }
        if (true_time >= wrong_until) {
            wrong_by = 0h;
            if (once_in(15)) {
                ++wrong_clocks;
                wrong_until = true_time + std::chrono::hours(random() % (60 * 24));
                const auto days = day * static_cast<int>(random() % 500);
                const auto all = true_time.time_since_epoch();
                wrong_by = std::array{-std::chrono::duration_cast<std::chrono::hours>(all), -days,
                                      std::chrono::hours(5), days}[random() % 4];
            }
        }
        auto wanted = wish();
        wanted.life = 30 * day;
        if (once_in(30)) {
            wanted.local_names.push_back("10.0.0." + std::to_string(random() % 250));
        }
        if (once_in(100)) {
            ca = group_ca();
            wanted.group_ca_pem = ca.pem;
            ASSERT_TRUE(renew(wanted).value());
        }
        const auto renewed = core->renew_alone(wanted, true_time + wrong_by);
        ASSERT_TRUE(renewed) << renewed.error().message();
        certificates += *renewed ? 1 : 0;
        refused += refusal().empty() ? 0 : 1;
    }
    EXPECT_EQ(refused, 0);
    EXPECT_GT(certificates, 130);
    EXPECT_GT(wrong_clocks, 10);
    EXPECT_GT(asked_for_authority, 2);
}

// --- Damage ---------------------------------------------------------------------------------

TEST_F(own_authority, damage_torn_authority_is_not_used_and_asked_for_again) {
    ASSERT_TRUE(renew(wish()).value());
    const auto whole = read_file(dir.path() / "authority.json").value();
    for (const auto size : {std::size_t(0), whole.size() / 3, whole.size() - 2}) {
        ASSERT_TRUE(write_file_atomically(dir.path() / "authority.json", whole.substr(0, size)));
        EXPECT_FALSE(core->renew_alone(wish(), true_time).value()) << size;
        EXPECT_EQ(refusal(), "") << "the certificate at hand goes on";
        EXPECT_TRUE(renew(wish()).value()) << size;
        EXPECT_EQ(refusal(), "");
    }
}

TEST_F(own_authority, damage_torn_key_of_the_authority_is_made_anew) {
    ASSERT_TRUE(renew(wish()).value());
    const auto whole = read_file(dir.path() / "authority.key").value();
    ASSERT_TRUE(write_file_atomically(dir.path() / "authority.key", whole.substr(0, 100)));
    EXPECT_FALSE(core->renew_alone(wish(), true_time).value());
    EXPECT_TRUE(renew(wish()).value());
    EXPECT_EQ(refusal(), "");
}

TEST_F(own_authority, damage_torn_key_of_the_server_is_made_anew) {
    ASSERT_TRUE(renew(wish()).value());
    ASSERT_TRUE(write_file_atomically(dir.path() / "server.key", "-----BEGIN PRIV"));
    EXPECT_TRUE(core->renew_alone(wish(), true_time).value());
    EXPECT_EQ(refusal(), "");
}

TEST_F(own_authority, damage_key_of_another_authority_is_noticed) {
    ASSERT_TRUE(renew(wish()).value());
    ASSERT_TRUE(write_file_atomically(dir.path() / "authority.key", pki::generate_rsa_key()));
    EXPECT_FALSE(core->renew_alone(wish(), true_time + 6 * day).value());
    EXPECT_TRUE(renew(wish()).value());
    EXPECT_EQ(refusal(), "");
}

TEST_F(own_authority, damage_lost_record_of_the_certificate_costs_a_new_one) {
    ASSERT_TRUE(renew(wish()).value());
    std::filesystem::remove(dir.path() / "server.json");
    EXPECT_TRUE(core->renew_alone(wish(), true_time).value());
    EXPECT_EQ(refusal(), "");
}

TEST_F(own_authority, damage_latest_time_that_cannot_be_read_is_as_none) {
    ASSERT_TRUE(renew(wish()).value());
    for (const auto* text : {"", "{", R"({"latest":-1})", R"({"latest":99999999999999})", "[]"}) {
        ASSERT_TRUE(write_file_atomically(dir.path() / "latest-time.json", text));
        core = restarted();
        EXPECT_TRUE(core->renew_alone(wish(), true_time)) << text;
        EXPECT_EQ(refusal(), "") << text;
    }
}

}  // namespace
}  // namespace evergrass::edge
