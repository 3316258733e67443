#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

namespace evergrass::edge {

// One entry of a zip that is written as a test wants it, true or not.
struct test_entry {
    std::string name;
    std::string content;
    mode_t mode = S_IFREG | 0644;
    std::uint16_t flags = 0;
    std::uint16_t method = 0;        // stored
    std::uint64_t claimed_size = 0;  // 0: the content's
    bool wrong_crc = false;
    std::string local_name;  // empty: the same
};

inline void put_number(std::string& out, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        out += static_cast<char>(value >> (8 * i) & 0xff);
    }
}

inline std::uint32_t crc32_of(std::string_view bytes) {
    std::uint32_t crc = 0xffffffff;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320U : 0U);
        }
    }
    return ~crc;
}

// What a local header and a directory entry have in common, from "version needed" on.
inline std::string common_header(const test_entry& e, std::string_view name) {
    std::string out;
    put_number(out, 20, 2);
    put_number(out, e.flags, 2);
    put_number(out, e.method, 2);
    put_number(out, 0, 4);
    put_number(out, crc32_of(e.content) ^ (e.wrong_crc ? 1U : 0U), 4);
    put_number(out, e.content.size(), 4);
    put_number(out, e.claimed_size != 0 ? e.claimed_size : e.content.size(), 4);
    put_number(out, name.size(), 2);
    put_number(out, 0, 2);
    return out;
}

inline std::string zip_bytes(const std::vector<test_entry>& entries) {
    std::string out;
    std::string directory;
    for (const auto& e : entries) {
        const auto at = out.size();
        const auto& local = e.local_name.empty() ? e.name : e.local_name;
        out += std::string("PK\3\4") + common_header(e, local) + local + e.content;
        directory += "PK\1\2";
        put_number(directory, 3 << 8 | 20, 2);  // made on Unix
        directory += common_header(e, e.name);
        put_number(directory, 0, 2 + 2 + 2);  // comment, disk, internal attributes
        put_number(directory, static_cast<std::uint64_t>(e.mode) << 16, 4);
        put_number(directory, at, 4);
        directory += e.name;
    }
    const auto directory_at = out.size();
    out += directory + "PK\5\6";
    put_number(out, 0, 4);
    put_number(out, entries.size(), 2);
    put_number(out, entries.size(), 2);
    put_number(out, directory.size(), 4);
    put_number(out, directory_at, 4);
    put_number(out, 0, 2);
    return out;
}

inline test_entry file_entry(std::string name, std::string content = "x", mode_t mode = 0644) {
    test_entry e;
    e.name = std::move(name);
    e.content = std::move(content);
    e.mode = S_IFREG | mode;
    return e;
}

inline test_entry directory_entry(std::string name, mode_t mode = 0755) {
    test_entry e;
    e.name = std::move(name);
    e.mode = S_IFDIR | mode;
    return e;
}

inline test_entry link_entry(std::string name, std::string target) {
    test_entry e;
    e.name = std::move(name);
    e.content = std::move(target);
    e.mode = S_IFLNK | 0777;
    return e;
}

inline test_entry special_entry(std::string name, mode_t type) {
    test_entry e;
    e.name = std::move(name);
    e.mode = type | 0644;
    return e;
}

}  // namespace evergrass::edge
