#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace evergrass {

// Memory for secret texts: locked, so that it is never swapped out, and left out of core dumps.
// Before the first secret_text, once a process: what is reserved stays as it is, and asking again
// is true. `bytes` is a power of two. False: the system gives none, or does not lock it
// (RLIMIT_MEMLOCK); secrets are wiped all the same.
bool reserve_secret_memory(std::size_t bytes);

// A text that nobody else is to find: in reserved memory while there is some left, in other memory
// after that; wiped when it goes. Never shorter than it was made.
class secret_text {
public:
    secret_text() = default;
    secret_text(std::string_view text);  // NOLINT(google-explicit-constructor): as std::string
    secret_text(const char* text) : secret_text(std::string_view(text)) {}
    secret_text(const std::string& text) : secret_text(std::string_view(text)) {}
    secret_text(const secret_text& other) : secret_text(other.view()) {}
    secret_text(secret_text&& other) noexcept;
    secret_text& operator=(secret_text other) noexcept;
    ~secret_text();

    // Takes the text and wipes where it was.
    static secret_text from(std::string& text);

    std::string_view view() const { return {data_, size_}; }
    operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor)
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

    friend bool operator==(const secret_text& a, std::string_view b) { return a.view() == b; }

private:
    char* data_ = nullptr;
    std::size_t size_ = 0;
};

// This process leaves no core dump, and no other program of its user can look into its memory.
// Children inherit the limit. False: the system does not grant it.
bool forbid_core_dumps();

// What is left to read of an open file, or a file, without leaving it elsewhere in memory.
// errc::too_large, which names it: over `max_bytes`.
result<secret_text> read_secret_text(int descriptor, std::size_t max_bytes, std::string_view name);
result<secret_text> read_secret_file(const std::filesystem::path& path, std::size_t max_bytes);

// Overwrites what the text held, and empties it.
void wipe(std::string& text);

// JSON values made with it are in memory like that of secret_text, and wiped as they go.
json::storage_ptr secret_storage();

// The value's JSON without blanks, without leaving it elsewhere in memory.
secret_text to_secret_json(const json::value& value);

// parse_json() with the value, and what is needed on the way to it, in such memory.
result<json::value> parse_secret_json(std::string_view text);

}  // namespace evergrass
