#include "cloud/objects/chunk_bodies.hpp"
#include "cloud/objects/file_bodies.hpp"
#include "cloud/objects/object_body.hpp"
#include "cloud/objects/object_store.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/db/test_postgres.hpp"
#include "libs/http/body_source.hpp"

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <thread>
#include <unistd.h>

namespace evergrass::cloud::objects {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t mib = 1024 * 1024;

// Bytes that are nowhere the same.
std::string bytes_of(std::size_t size, char seed = 'a') {
    std::string made(size, seed);
    std::uint32_t state = static_cast<unsigned char>(seed);
    for (auto& c : made) {
        state = state * 1664525 + 1013904223;
        c = static_cast<char>(state >> 24);
    }
    return made;
}

class turned_clock final : public clock {
public:
    wall_time now() const override { return now_; }
    wall_time now_ = *parse_basic_iso8601("20261128T100000Z");
};

bool comes_true(const std::function<bool()>& what) {
    for (int tries = 0; tries < 6000; ++tries) {
        if (what()) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

// An object store of one service, on files or on PostgreSQL.
struct service {
    std::unique_ptr<store> state;
    body_store* bodies = nullptr;  // objects has them
    std::unique_ptr<object_store> objects;
};

class each_body_store : public ::testing::TestWithParam<const char*> {
protected:
    static void SetUpTestSuite() {
        if (!server_) {
            server_ = std::make_unique<db::test_postgres>();
        }
    }

    bool has_chunks() const { return std::string(GetParam()) == "chunks"; }

    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "evergrass-bodies-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
        place_ = directory_ + "/service.db";
        if (has_chunks()) {
            if (!server_->is_there()) {
                GTEST_SKIP() << db::no_postgres;
            }
            place_ = server_->new_database();
        }
        one_ = make_service("objects");
        ASSERT_TRUE(one_.objects->create_bucket("b"));
    }
    void TearDown() override {
        one_ = {};
        std::filesystem::remove_all(directory_);
    }

    service make_service(const std::string& folder) {
        service made;
        auto state = store::open(place_, directory_ + "/master.key");
        EXPECT_TRUE(state) << state.error().message();
        made.state = std::move(*state);
        std::unique_ptr<body_store> bodies;
        if (has_chunks()) {
            auto opened =
                chunk_bodies::open(*made.state, place_, directory_ + "/" + folder, logger());
            EXPECT_TRUE(opened) << opened.error().message();
            bodies = std::move(*opened);
        } else {
            bodies = std::make_unique<file_bodies>(directory_ + "/" + folder);
        }
        made.bodies = bodies.get();
        made.objects =
            std::make_unique<object_store>(*made.state, clock_, std::move(bodies), logger());
        return made;
    }

    std::string put(const std::string& key, std::string_view content) {
        const auto made = one_.objects->put("b", key, content, {});
        EXPECT_TRUE(made) << made.error().message;
        return made ? made->sha256 : "";
    }

    // What the HTTP server would send.
    static std::string served(object_store& from, const std::string& sha256,
                              std::uint64_t first = 0, std::size_t most = mib) {
        http::response answer;
        const auto size = from.serve(sha256, answer);
        EXPECT_TRUE(size) << size.error().message();
        if (!answer.source) {
            const auto content = read_file(answer.file_path);
            return content ? content->substr(first) : "";
        }
        std::string all;
        while (first + all.size() < answer.source->size()) {
            const auto piece = sent(answer, first + all.size(), most);
            if (!piece) {
                ADD_FAILURE() << piece.error().message();
                break;
            }
            all += *piece;
        }
        return all;
    }

    // As the HTTP server reads.
    static result<std::string> sent(const http::response& answer, std::uint64_t offset,
                                    std::size_t most) {
        std::promise<result<std::string>> read;
        boost::asio::post(answer.source->where(),
                          [&] { read.set_value(answer.source->read(offset, most)); });
        return read.get_future().get();
    }

    std::int64_t rows(const std::string& of) {
        std::int64_t count = -1;
        EXPECT_TRUE(one_.state->db().query("count " + of, "SELECT count(*) FROM " + of, {},
                                           [&](const db::row& r) { count = r.integer(0); }));
        return count;
    }

    // Bodies that are there at all, of use or not.
    std::size_t stored() {
        if (has_chunks()) {
            return static_cast<std::size_t>(
                rows("object_bodies AS b WHERE sha256 IS NOT NULL OR EXISTS(SELECT 1 FROM"
                     " object_chunks WHERE body = b.id)"));
        }
        std::size_t files = 0;
        std::error_code none;
        for (const auto& each :
             std::filesystem::recursive_directory_iterator(directory_ + "/objects", none)) {
            files += each.is_regular_file() ? 1 : 0;
        }
        return files;
    }

    void damage(const std::string& sha256) {
        if (has_chunks()) {
            ASSERT_TRUE(one_.state->db().run("damage",
                                             "DELETE FROM object_chunks WHERE number = 1 AND body ="
                                             " (SELECT id FROM object_bodies WHERE sha256 = ?1)",
                                             {sha256}));
        } else {
            std::filesystem::resize_file(file_bodies(directory_ + "/objects").path_of(sha256), mib);
        }
    }

    static std::unique_ptr<db::test_postgres> server_;
    turned_clock clock_;
    std::string directory_;
    std::string place_;
    service one_;
};

std::unique_ptr<db::test_postgres> each_body_store::server_;

INSTANTIATE_TEST_SUITE_P(of, each_body_store, ::testing::Values("files", "chunks"),
                         [](const auto& each) { return std::string(each.param); });

TEST_P(each_body_store, bytes_come_back_whole_and_from_any_place) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, mib - 1, mib, 2 * mib + 17}) {
        const auto content = bytes_of(size);
        const auto sha256 = put("k", content);
        EXPECT_EQ(one_.objects->read(sha256, 3 * mib).value(), content) << size;
        EXPECT_EQ(served(*one_.objects, sha256), content) << size;
        if (size > mib) {
            EXPECT_EQ(served(*one_.objects, sha256, mib - 3), content.substr(mib - 3));
            EXPECT_EQ(served(*one_.objects, sha256, 5, 300'000), content.substr(5));
            EXPECT_EQ(one_.objects->read(sha256, size - 1).error().code, errc::too_large);
        }
    }
}

TEST_P(each_body_store, bodies_are_joined_and_copied_in_part) {
    const std::vector<std::string> parts = {bytes_of(mib + 5, 'a'), bytes_of(7, 'b'),
                                            bytes_of(2 * mib, 'c')};
    std::vector<std::string> names;
    for (const auto& part : parts) {
        names.push_back(sha256_hex(part));
        ASSERT_TRUE(one_.objects->keep_body(names.back(), part));
    }
    const auto all = parts[0] + parts[1] + parts[2];
    const auto joined = one_.objects->join_bodies(names);
    ASSERT_TRUE(joined) << joined.error().message();
    EXPECT_EQ(joined->sha256, sha256_hex(all));
    EXPECT_EQ(joined->size, static_cast<std::int64_t>(all.size()));
    EXPECT_EQ(one_.objects->read(joined->sha256, all.size()).value(), all);
    const auto copied = one_.objects->copy_range(joined->sha256, mib - 10, mib + 50);
    ASSERT_TRUE(copied) << copied.error().message();
    const auto part = all.substr(mib - 10, mib + 50);
    EXPECT_EQ(copied->md5, md5_hex(part));
    EXPECT_EQ(one_.objects->read(copied->sha256, part.size()).value(), part);
    EXPECT_EQ(one_.objects->copy_range(joined->sha256, all.size() - 1, 2).error().code,
              errc::corrupt);
    EXPECT_EQ(one_.objects->join_bodies({sha256_hex("none")}).error().code, errc::not_found);
}

TEST_P(each_body_store, equal_bytes_are_stored_once_and_go_with_their_last_object) {
    const auto content = bytes_of(2 * mib + 3);
    const auto sha256 = put("one", content);
    put("two", content);
    EXPECT_EQ(stored(), 1u);
    const auto pass_ten_minutes = [&] {
        clock_.now_ += std::chrono::minutes(11);
        put("other", "x");
    };
    ASSERT_TRUE(one_.objects->remove("b", "one"));
    pass_ten_minutes();
    EXPECT_EQ(one_.objects->read(sha256, 3 * mib).value(), content);
    ASSERT_TRUE(one_.objects->remove("b", "two"));
    EXPECT_EQ(one_.objects->read(sha256, 3 * mib).value(), content);  // whoever is about to
    pass_ten_minutes();
    EXPECT_EQ(one_.objects->read(sha256, 3 * mib).error().code, errc::not_found);
    EXPECT_TRUE(comes_true([&] { return stored() == 1; }));
}

TEST_P(each_body_store, one_that_is_not_whole_is_an_error_until_it_is_put_again) {
    const auto content = bytes_of(3 * mib);
    const auto sha256 = put("k", content);
    damage(sha256);
    const auto found = one_.objects->read(sha256, 3 * mib);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, errc::corrupt);
    EXPECT_THAT(found.error().message(), HasSubstr(sha256));
    EXPECT_THAT(found.error().message(), HasSubstr("put the object again"));
    http::response answer;
    const auto size = one_.objects->serve(sha256, answer);
    EXPECT_TRUE(!size || *size != static_cast<std::int64_t>(content.size()));
    put("k", content);
    EXPECT_EQ(one_.objects->read(sha256, 3 * mib).value(), content);
}

TEST_P(each_body_store, one_that_was_not_finished_leaves_nothing) {
    {
        auto begun = one_.bodies->begin();
        ASSERT_TRUE(begun);
        ASSERT_TRUE((*begun)->append(bytes_of(2 * mib)));
        EXPECT_EQ(stored(), 1u);
    }
    one_.objects->look_after();
    EXPECT_TRUE(comes_true([&] { return stored() == 0; }));
}

TEST_P(each_body_store, a_file_that_was_fetched_is_taken) {
    const auto content = bytes_of(mib + 1);
    const auto fresh = one_.objects->fresh_file();
    ASSERT_TRUE(fresh);
    ASSERT_TRUE(write_file_atomically(*fresh, content));
    const auto made = one_.objects->adopt_file(*fresh);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->size, static_cast<std::int64_t>(content.size()));
    EXPECT_FALSE(std::filesystem::exists(*fresh));
    EXPECT_EQ(one_.objects->read(made->sha256, 2 * mib).value(), content);
    EXPECT_TRUE(one_.objects->keep_again(made->sha256).value());
    EXPECT_FALSE(one_.objects->keep_again(sha256_hex("none")).value());
}

TEST_P(each_body_store, forgetting_leaves_none) {
    put("k", bytes_of(mib + 1));
    put("l", "x");
    ASSERT_TRUE(one_.state->reset());
    ASSERT_TRUE(one_.objects->forget_bodies());
    EXPECT_TRUE(comes_true([&] { return stored() == 0; }));
}

// What chunks alone have: several services, each with a folder of its own.
class chunk_store : public each_body_store {
protected:
    void SetUp() override {
        each_body_store::SetUp();
        if (!IsSkipped()) {
            two_ = make_service("other");
        }
    }
    void TearDown() override {
        two_ = {};
        each_body_store::TearDown();
    }

    // Until `by` has looked at all bodies without a name that are there now.
    void look_once(service& by) {
        ASSERT_TRUE(one_.state->db().run(
            "mark", "INSERT INTO object_bodies(size, chunk_size) VALUES(-1, 1)"));
        by.objects->look_after();
        ASSERT_TRUE(comes_true([&] { return rows("object_bodies WHERE size = -1") == 0; }));
    }

    // As when its process was killed, for what PostgreSQL sees of it.
    void end_sessions(const std::string& that_asked) {
        ASSERT_GT(rows("(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
                       " current_database() AND pid <> pg_backend_pid() AND query LIKE '" +
                       that_asked + "%') AS ended"),
                  0);
        ASSERT_TRUE(comes_true([&] {
            return rows(
                       "pg_stat_activity WHERE datname = current_database() AND pid <>"
                       " pg_backend_pid() AND query LIKE '" +
                       that_asked + "%'") == 0;
        }));
    }

    std::filesystem::path old_file(const std::string& name, const std::string& content) {
        const auto path = file_bodies(directory_ + "/other").path_of(name);
        EXPECT_TRUE(make_directories(path.parent_path()));
        EXPECT_TRUE(write_file_atomically(path, content));
        return path;
    }

    service two_;
};

INSTANTIATE_TEST_SUITE_P(of, chunk_store, ::testing::Values("chunks"),
                         [](const auto& each) { return std::string(each.param); });

TEST_P(chunk_store, what_one_service_puts_another_reads) {
    const auto content = bytes_of(3 * mib + 1);
    const auto sha256 = put("k", content);
    EXPECT_EQ(served(*two_.objects, sha256), content);
    EXPECT_EQ(two_.objects->read(sha256, 4 * mib).value(), content);
    EXPECT_FALSE(std::filesystem::exists(directory_ + "/objects"));
}

TEST_P(chunk_store, a_chunk_that_is_missing_is_named_and_never_a_short_body) {
    const auto sha256 = put("k", bytes_of(3 * mib));
    http::response answer;
    ASSERT_TRUE(two_.objects->serve(sha256, answer));
    damage(sha256);
    ASSERT_TRUE(sent(answer, 0, mib));
    const auto rest = sent(answer, mib, mib);
    ASSERT_FALSE(rest);
    EXPECT_EQ(rest.error().code, errc::corrupt);
    EXPECT_THAT(rest.error().message(), HasSubstr("chunk 1 of the body " + sha256));
    EXPECT_THAT(rest.error().message(), HasSubstr("is missing"));
    const auto anew = two_.objects->serve(sha256, answer);
    ASSERT_FALSE(anew);
    EXPECT_THAT(anew.error().message(), HasSubstr("2 chunks with 2097152 of 3145728 bytes"));
}

TEST_P(chunk_store, a_chunk_of_another_size_is_an_error) {
    const auto sha256 = put("k", bytes_of(3 * mib));
    http::response answer;
    ASSERT_TRUE(two_.objects->serve(sha256, answer));
    ASSERT_TRUE(one_.state->db().run("damage",
                                     "UPDATE object_chunks SET bytes = substr(bytes, 1, 5)"
                                     " WHERE number = 1"));
    const auto rest = sent(answer, mib, mib);
    ASSERT_FALSE(rest);
    EXPECT_THAT(rest.error().message(), HasSubstr("has another size"));
    EXPECT_EQ(two_.objects->serve(sha256, answer).error().code, errc::corrupt);
}

TEST_P(chunk_store, changed_bytes_are_found_where_they_are_digested) {
    const auto sha256 = put("k", bytes_of(2 * mib));
    ASSERT_TRUE(one_.state->db().run("damage",
                                     "UPDATE object_chunks SET bytes = set_byte(bytes, 7,"
                                     " 255 - get_byte(bytes, 7)) WHERE number = 1"));
    EXPECT_EQ(two_.objects->read(sha256, 2 * mib).error().code, errc::corrupt);
    put("k", bytes_of(2 * mib));
    EXPECT_TRUE(two_.objects->read(sha256, 2 * mib));
}

TEST_P(chunk_store, a_body_is_freed_when_its_writer_is_gone_and_not_before) {
    auto begun = one_.bodies->begin();
    ASSERT_TRUE(begun);
    ASSERT_TRUE((*begun)->append(bytes_of(2 * mib)));
    look_once(two_);
    EXPECT_EQ(stored(), 1u);
    end_sessions("INSERT INTO object_chunks");
    look_once(two_);
    EXPECT_EQ(stored(), 0u);
    // The writer was only cut off: it is told, and nothing gets the name.
    const auto kept = (*begun)->keep(sha256_hex("x"));
    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().code, errc::unavailable);
    const auto more = (*begun)->append(bytes_of(mib));
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().code, errc::unavailable);
    EXPECT_EQ(rows("object_bodies"), 0);
}

TEST_P(chunk_store, what_a_crash_of_postgresql_took_gets_no_name) {
    // What nobody waits for is not on the disk soon.
    server_->execute("ALTER SYSTEM SET wal_writer_delay = '10s'");
    server_->execute("ALTER SYSTEM SET wal_writer_flush_after = '1GB'");
    server_->execute("SELECT pg_reload_conf()");
    auto first = one_.bodies->begin();
    ASSERT_TRUE(first);
    ASSERT_TRUE((*first)->append(bytes_of(2 * mib)));
    server_->stop();
    ASSERT_TRUE(server_->start());
    // As many chunks, maybe in the place of those that are lost.
    auto second = two_.bodies->begin();
    while (!second) {  // for a moment it is not asked again
        std::this_thread::yield();
        second = two_.bodies->begin();
    }
    const auto content = bytes_of(2 * mib, 'z');
    ASSERT_TRUE((*second)->append(content));
    const auto lost = sha256_hex(bytes_of(2 * mib));
    const auto kept = (*first)->keep(lost);
    if (kept) {  // its chunks were on the disk
        const auto found = one_.objects->read(lost, 2 * mib);
        EXPECT_TRUE(found && *found == bytes_of(2 * mib));
    }
    ASSERT_TRUE((*second)->keep(sha256_hex(content)));
    EXPECT_EQ(two_.objects->read(sha256_hex(content), 2 * mib).value(), content);
    server_->execute("ALTER SYSTEM RESET ALL");
    server_->execute("SELECT pg_reload_conf()");
}

TEST_P(chunk_store, a_body_that_is_sent_is_freed_when_it_was_sent) {
    const auto content = bytes_of(2 * mib);
    const auto sha256 = put("k", content);
    http::response answer;
    ASSERT_TRUE(two_.objects->serve(sha256, answer));
    ASSERT_TRUE(one_.state->db().transaction([&] { return one_.bodies->remove(sha256); }));
    look_once(one_);
    EXPECT_EQ(sent(answer, mib, mib).value(), content.substr(mib));
    answer.source.reset();
    EXPECT_TRUE(comes_true([&] {
        one_.objects->look_after();
        return stored() == 0;
    }));
}

TEST_P(chunk_store, files_of_an_earlier_build_are_read_and_then_taken_in) {
    const auto content = bytes_of(2 * mib + 9);
    const auto sha256 = sha256_hex(content);
    const auto file = old_file(sha256, content);
    const auto damaged = old_file(sha256_hex("damaged"), "other bytes");
    const auto stranger = old_file(sha256_hex("stranger"), "stranger");
    for (const auto& name : {sha256, sha256_hex("damaged")}) {
        ASSERT_TRUE(one_.state->db().run(
            "row",
            "INSERT INTO objects(bucket, key, sha256, size, etag, headers, modified_at)"
            " VALUES('b', ?1, ?1, ?2, 'e', '{}', 1)",
            {name, static_cast<std::int64_t>(content.size())}));
    }
    EXPECT_EQ(served(*two_.objects, sha256), content);
    two_.objects->look_after();
    EXPECT_TRUE(comes_true([&] { return !std::filesystem::exists(file); }));
    EXPECT_EQ(served(*one_.objects, sha256), content);
    look_once(two_);
    EXPECT_TRUE(std::filesystem::exists(damaged));
    EXPECT_TRUE(std::filesystem::exists(stranger));
    EXPECT_EQ(stored(), 1u);
}

}  // namespace
}  // namespace evergrass::cloud::objects
