#include "edge/announcement/lan_discovery.hpp"

#include "edge/announcement/announced_core.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/file.hpp"
#include "libs/base/random.hpp"
#include "libs/http/client.hpp"
#include "libs/pki/pki.hpp"
#include "libs/pki/signed_document.hpp"
#include "libs/rt/test_run.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/cms.h>  // after pem.h: it declares PEM_read_bio_CMS only then
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <memory>

namespace evergrass::edge {
namespace {

using testing::HasSubstr;

const wall_time begin = wall_time(std::chrono::seconds(1'600'000'000));
const wall_time end = wall_time(std::chrono::seconds(2'524'607'999));

struct authority {
    std::string key = pki::generate_ec_key();
    std::string pem;
};

authority new_root() {
    authority made;
    pki::certificate_request wanted;
    wanted.common_name = "group CA";
    wanted.is_ca = true;
    wanted.not_before = begin;
    wanted.not_after = end;
    made.pem = pki::make_self_signed(wanted, made.key).value();
    return made;
}

// As a core has it: the group's CA signed the core's authority, and that the server's certificate.
lan_signer signer_below(const authority& root) {
    authority own;
    pki::certificate_request wanted;
    wanted.common_name = "the core's authority";
    wanted.is_ca = true;
    wanted.path_length = 0;
    wanted.not_before = begin;
    wanted.not_after = end;
    own.pem = pki::issue(wanted, pki::public_key_of(own.key).value(), root.pem, root.key).value();
    const auto key = pki::private_key::from_pem(pki::generate_rsa_key()).value();
    pki::certificate_request leaf;
    leaf.common_name = "Evergrass core";
    leaf.for_server = true;
    leaf.not_before = begin;
    leaf.not_after = end;
    return {pki::issue(leaf, pki::public_key_of(key), own.pem, own.key).value() + own.pem, key};
}

// What a device reads that trusts this CA alone; nullopt: the check failed.
std::optional<std::string> read_by_device(const std::string& document, const std::string& ca_pem) {
    const auto pem = [](const std::string& text) {
        return std::unique_ptr<BIO, decltype(&BIO_free_all)>(
            BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free_all);
    };
    const auto in = pem(document);
    const auto of_ca = pem(ca_pem);
    std::unique_ptr<CMS_ContentInfo, decltype(&CMS_ContentInfo_free)> read(
        PEM_read_bio_CMS(in.get(), nullptr, nullptr, nullptr), CMS_ContentInfo_free);
    std::unique_ptr<X509, decltype(&X509_free)> ca(
        PEM_read_bio_X509(of_ca.get(), nullptr, nullptr, nullptr), X509_free);
    std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> trusted(X509_STORE_new(),
                                                                    X509_STORE_free);
    X509_STORE_add_cert(trusted.get(), ca.get());
    X509_STORE_set_purpose(trusted.get(), X509_PURPOSE_SSL_SERVER);
    std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_mem()), BIO_free_all);
    if (!read ||
        CMS_verify(read.get(), nullptr, trusted.get(), nullptr, out.get(), CMS_BINARY) != 1) {
        return std::nullopt;
    }
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &bytes);
    return std::string(bytes, static_cast<std::size_t>(size));
}

contract::manifest group_of(const authority& root) {
    contract::manifest group;
    group.group_id = "the-group";
    group.core.thing_arn = "arn:aws:iot:us-east-1:123456789012:thing/site";
    group.group_cas = {root.pem};
    return group;
}

json::array one_place() {
    return {json::object{
        {"Id", "a"}, {"HostAddress", "10.0.0.7"}, {"PortNumber", 8883}, {"Metadata", ""}}};
}

class lan : public testing::Test {
protected:
    lan() {
        std::filesystem::create_directories(folder_);
        settings_.address = "127.0.0.1";
        settings_.avahi_services = folder_;
        settings_.thing = "site";
        serving_.emplace(io_.get_executor(), settings_, logger());
        EXPECT_TRUE(serving_->open());
    }
    ~lan() override {
        boost::asio::co_spawn(io_, serving_->stop(), [](const std::exception_ptr&) {});
        io_.restart();
        io_.run();
        std::filesystem::remove_all(folder_);
    }

    http::response ask(std::string method, std::string target) {
        http::client_options where;
        where.host = "127.0.0.1";
        where.port = serving_->port();
        http::client client(io_.get_executor(), where);
        http::request asked;
        asked.method = std::move(method);
        asked.target = std::move(target);
        auto answer = rt::testing::run(io_, client.send(std::move(asked)));
        EXPECT_TRUE(answer);
        return answer ? *answer : http::response();
    }
    std::string announced() const {
        const auto text = read_file(folder_ / "evergrass-site.service");
        return text ? *text : "";
    }

    std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) /
                                    ("evergrass_lan_" + hex_encode(random_bytes(6)));
    boost::asio::io_context io_;
    lan_settings settings_;
    std::optional<lan_discovery> serving_;
};

TEST_F(lan, a_device_that_knows_the_groups_ca_alone_checks_and_reads_the_document) {
    const auto root = new_root();
    serving_->publish(group_of(root), one_place(), signer_below(root));
    const auto answer = ask("GET", "/greengrass/discovery");
    EXPECT_EQ(answer.status, 200);
    const auto read = read_by_device(answer.body, root.pem);
    ASSERT_TRUE(read);
    const auto document = parse_json(*read).value();
    const auto& group = document.at("GGGroups").at(0);
    EXPECT_EQ(group.at("GGGroupId").as_string(), "the-group");
    EXPECT_EQ(group.at("CAs").at(0).as_string(), root.pem);
    EXPECT_EQ(group.at("Cores").at(0).at("Connectivity").at(0).at("HostAddress").as_string(),
              "10.0.0.7");
}

TEST_F(lan, a_forged_document_is_refused) {
    const auto root = new_root();
    const auto other = new_root();
    const auto by_another =
        pki::sign_document("{}", signer_below(other).chain_pem, signer_below(other).key);
    EXPECT_FALSE(by_another) << "a key that is not the certificate's";
    const auto stranger = signer_below(other);
    const auto forged = pki::sign_document("{}", stranger.chain_pem, stranger.key).value();
    EXPECT_TRUE(read_by_device(forged, other.pem));
    EXPECT_FALSE(read_by_device(forged, root.pem));
}

TEST_F(lan, the_announcement_names_port_path_and_group_and_goes_with_the_group) {
    const auto root = new_root();
    EXPECT_EQ(ask("GET", "/greengrass/discovery").status, 404);
    EXPECT_EQ(announced(), "");
    serving_->publish(group_of(root), one_place(), signer_below(root));
    EXPECT_THAT(announced(), HasSubstr("<type>_evergrass-core._tcp</type>"));
    EXPECT_THAT(announced(), HasSubstr("<port>" + std::to_string(serving_->port()) + "</port>"));
    EXPECT_THAT(announced(), HasSubstr("group=the-group"));
    serving_->withdraw();
    EXPECT_EQ(ask("GET", "/greengrass/discovery").status, 404);
    EXPECT_EQ(announced(), "");
}

TEST_F(lan, nothing_else_is_served) {
    const auto root = new_root();
    serving_->publish(group_of(root), one_place(), signer_below(root));
    EXPECT_EQ(ask("GET", "/").status, 404);
    EXPECT_EQ(ask("POST", "/greengrass/discovery").status, 405);
}

TEST(avahi_service, a_name_cannot_leave_its_element) {
    const auto text = avahi_service("a", "<&>", 1);
    EXPECT_THAT(text, HasSubstr("group=&lt;&amp;&gt;<"));
    EXPECT_THAT(avahi_service(std::string(100, 'x'), "g", 1),
                HasSubstr("<name>" + std::string(63, 'x') + "</name>"));
}

}  // namespace
}  // namespace evergrass::edge
