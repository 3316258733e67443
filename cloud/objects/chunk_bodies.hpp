#pragma once

#include "cloud/objects/body_store.hpp"
#include "cloud/objects/file_bodies.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/log.hpp"
#include "libs/db/byte_link.hpp"

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <mutex>

namespace evergrass::cloud::objects {

// Bodies in PostgreSQL, in chunks of 1 MiB, so that each service of a store has all of them
// (docs/formats/object-chunks.md). They come and go by sessions of their own: the store's lock is
// taken for moments, to give a body its name or take it away.
//
// A body that is written, read or removed is locked in PostgreSQL by who does so. So one without a
// name that nobody has locked is no longer of use: its process ended first.
class chunk_bodies final : public body_store {
public:
    // `state`: the store, whose database `url` names. Files of `folder`, where earlier builds kept
    // bodies, are read where the database has none, and taken into it by look_after().
    static result<std::unique_ptr<chunk_bodies>> open(store& state, const std::string& url,
                                                      std::filesystem::path folder, logger log);
    ~chunk_bodies() override;

    result<void> write(const std::string& sha256, std::string_view content) override;
    result<std::unique_ptr<new_body>> begin() override;
    result<std::shared_ptr<open_body>> open(std::string_view sha256) override;
    result<std::uint64_t> serve(std::string_view sha256, http::response& into) override;
    result<void> adopt(const std::filesystem::path& fresh, const std::string& sha256) override;
    const std::filesystem::path& folder() const override { return before_.folder(); }
    result<void> remove(const std::string& sha256) override;
    result<void> forget() override;
    void look_after(std::function<result<bool>(const std::string& sha256)> claim) override;
    std::string place_of(std::string_view sha256) const override;

private:
    using claim_function = std::function<result<bool>(const std::string&)>;

    chunk_bodies(store& state, std::filesystem::path folder, logger log)
        : state_(state), before_(std::move(folder)), log_(std::move(log)) {}

    // nullptr: the database has no body of that name.
    result<std::shared_ptr<open_body>> open_chunks(std::string_view sha256);
    result<bool> holds(const std::string& sha256, std::string_view content);
    result<void> free_unnamed();
    result<void> free_body(std::int64_t id);
    result<void> take_in(const claim_function& claim);
    result<bool> take_in_file(const std::filesystem::path& file, const claim_function& claim);

    store& state_;
    file_bodies before_;
    const logger log_;
    std::mutex beginning_;  // no two bodies begin at once: the session waits for the disk, or not
    std::shared_ptr<db::byte_link> writing_;
    std::shared_ptr<db::byte_link> reading_;
    std::unique_ptr<db::byte_link> freeing_;
    std::atomic<bool> stopping_ = false;
    std::atomic<bool> is_looked_after_ = false;
    bool all_taken_in_ = false;  // that thread's
    // Where the HTTP server's reading waits for PostgreSQL.
    std::shared_ptr<boost::asio::thread_pool> senders_ =
        std::make_shared<boost::asio::thread_pool>(1);
    boost::asio::thread_pool background_{1};
};

}  // namespace evergrass::cloud::objects
