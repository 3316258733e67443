#pragma once

#include "edge/secrets/data_key.hpp"
#include "edge/secrets/secret_store.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <sys/stat.h>
#include <utility>

namespace evergrass::edge {

// Keeps other processes from changing a store for as long as it lives; the kernel lets go of it
// however a process ends.
class held_store {
public:
    explicit held_store(int descriptor) : descriptor_(descriptor) {}
    held_store(held_store&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    held_store& operator=(held_store&&) = delete;
    ~held_store();

private:
    int descriptor_;
};

// One file a secret in a directory of their own, mode 0600, each value sealed:
// docs/formats/secrets.md. A file is replaced whole: a power cut leaves the old secret or the new
// one.
class file_secret_store final : public secret_store {
public:
    // Without a wrapper, which has to outlive the store, values are empty and put() is refused:
    // for who asks for names alone.
    explicit file_secret_store(std::filesystem::path directory,
                               const data_key_wrapper* wrapper = nullptr);

    // Reads every NAME.json of the directory anew; a directory that is missing holds none. A file
    // that is damaged, or that others may read, is left out and told; the rest is there. One that
    // does not open any more, as the key is another, stays as it was read before.
    std::vector<error> load();

    // load(), then every file is written under a new data key, those in the clear too. An error:
    // why files stay as they are; what could be loaded is there. errc::unavailable: another process
    // changes the store.
    result<std::vector<error>> seal_anew();

    // From load() to put() or remove(), where other processes may change the store. Waits for them;
    // makes the directory.
    result<held_store> hold() const;

    const secret* find(std::string_view name_or_arn) const override;
    std::vector<const secret*> all() const override;
    result<void> put(secret s) override;
    result<void> remove(std::string_view arn) override;

private:
    // Another one, or a changed one, has another.
    struct stamp {
        dev_t device = 0;
        ino_t node = 0;
        std::int64_t changed_ns = 0;
        off_t size = 0;
        bool operator==(const stamp&) const = default;
    };
    struct stored {
        secret content;
        std::filesystem::path file;
        stamp seen;
    };
    using secrets_by_arn = std::map<std::string, stored, std::less<>>;

    static stamp stamp_of(const std::filesystem::path& file);
    static const stored* of_file(const secrets_by_arn& all, const std::filesystem::path& file);
    result<void> take(const std::filesystem::path& file, const secrets_by_arn& before);
    result<secret> read(const std::filesystem::path& file) const;
    result<void> write(stored& s, const data_key& with) const;
    void remove_leftovers();

    std::filesystem::path directory_;
    const data_key_wrapper* wrapper_;
    secrets_by_arn by_arn_;
    std::map<std::string, std::string, std::less<>> arn_by_name_;
};

}  // namespace evergrass::edge
