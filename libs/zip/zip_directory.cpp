#include "libs/zip/zip_directory.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace evergrass::zip {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view end_mark("PK\5\6", 4);
constexpr std::string_view end64_mark("PK\6\6", 4);
constexpr std::string_view locator_mark("PK\6\7", 4);
constexpr std::string_view entry_mark("PK\1\2", 4);
constexpr std::string_view local_mark("PK\3\4", 4);
constexpr std::size_t end_size = 22;
constexpr std::size_t end64_size = 56;
constexpr std::size_t locator_size = 20;
constexpr std::size_t entry_size = 46;
// Where the end record is looked for: its comment may be 64 KiB long.
constexpr std::size_t longest_tail = end_size + 65'535;
constexpr std::uint64_t longest_directory = 64ULL * 1024 * 1024;
constexpr std::uint16_t zip64_extra = 1;
constexpr std::uint16_t encrypted_flag = 1;
constexpr unsigned made_on_fat = 0;
constexpr unsigned made_on_unix = 3;

// PATH_MAX is 4096; the rest is for the directory that the package is put in.
constexpr std::size_t longest_name = 2048;
constexpr std::size_t longest_part = 255;  // NAME_MAX
constexpr std::size_t deepest = 100;       // no package of people comes near it

constexpr const char* pack_again =
    ". Pack the function again without it, publish a version and deploy that";

error broken(std::string why) {
    return {errc::invalid_input,
            std::move(why) + ". Pack the function again, publish a version and deploy that"};
}

error refused(errc code, std::string_view name, const std::string& why) {
    return {code, "the entry " + quoted_name(name) + " " + why + pack_again};
}

// Little-endian numbers; reads behind the end are 0.
std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) {
        const auto byte = at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U;
        value = value << 8 | byte;
    }
    return value;
}

// A file, or bytes in memory.
class source {
public:
    explicit source(std::string_view bytes) : file_(-1), bytes_(bytes), size_(bytes.size()) {}
    explicit source(const fs::path& path) : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
        struct stat info {};
        if (file_ >= 0 && ::fstat(file_, &info) == 0) {
            size_ = static_cast<std::uint64_t>(info.st_size);
        }
    }
    ~source() {
        if (file_ >= 0) {
            ::close(file_);
        }
    }
    source(const source&) = delete;
    source& operator=(const source&) = delete;

    bool is_open() const { return file_ >= 0; }
    std::uint64_t size() const { return size_; }

    // Shorter than asked for at the end of the file or when the disk fails.
    std::string read(std::uint64_t at, std::uint64_t size) const {
        std::string bytes;
        if (at >= size_) {
            return bytes;
        }
        if (file_ < 0) {
            return std::string(
                bytes_.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(size)));
        }
        bytes.resize(static_cast<std::size_t>(std::min(size, size_ - at)));
        std::size_t got = 0;
        while (got < bytes.size()) {
            const auto n = ::pread(file_, bytes.data() + got, bytes.size() - got,
                                   static_cast<off_t>(at + got));
            if (n <= 0) {
                break;
            }
            got += static_cast<std::size_t>(n);
        }
        bytes.resize(got);
        return bytes;
    }

private:
    int file_;
    std::string_view bytes_;
    std::uint64_t size_ = 0;
};

struct directory_place {
    std::uint64_t begin = 0;
    std::uint64_t size = 0;
    std::uint64_t entries = 0;
    bool entries_are_exact = false;  // else modulo 65,536
};

// The record of zip64 stands right before its locator; what the locator says may be shifted by
// bytes before the zip.
std::optional<directory_place> place_by_zip64(const source& zip, std::uint64_t end_at) {
    if (end_at < locator_size + end64_size ||
        !zip.read(end_at - locator_size, locator_size).starts_with(locator_mark)) {
        return std::nullopt;
    }
    const auto record_at = end_at - locator_size - end64_size;
    const auto record = zip.read(record_at, end64_size);
    if (!record.starts_with(end64_mark)) {
        return std::nullopt;
    }
    const auto size = number(record, 40, 8);
    if (size > record_at) {
        return std::nullopt;
    }
    return directory_place{record_at - size, size, number(record, 32, 8), true};
}

result<directory_place> find_directory(const source& zip) {
    if (zip.size() == 0) {
        return broken("it is a file of 0 bytes");
    }
    const auto tail_at = zip.size() - std::min<std::uint64_t>(zip.size(), longest_tail);
    const auto tail = zip.read(tail_at, longest_tail);
    for (auto at = tail.rfind(end_mark); at != std::string::npos;
         at = at == 0 ? std::string::npos : tail.rfind(end_mark, at - 1)) {
        const auto end_at = tail_at + at;
        if (tail.size() - at < end_size) {
            continue;
        }
        if (const auto place = place_by_zip64(zip, end_at)) {
            return *place;
        }
        const auto size = number(tail, at + 12, 4);
        if (size <= end_at) {
            return directory_place{end_at - size, size, number(tail, at + 10, 2), false};
        }
    }
    return broken(zip.read(0, local_mark.size()) == local_mark
                      ? "it was cut off: the directory at its end is missing"
                      : "it is no zip file");
}

// As libarchive reads them, which unpacks.
zip_kind kind_of(unsigned made_on, std::uint64_t attributes, std::string_view name) {
    const auto mode = made_on == made_on_unix ? static_cast<mode_t>(attributes >> 16) : mode_t{0};
    if (S_ISLNK(mode)) {
        return zip_kind::link;
    }
    const bool fat_directory = made_on == made_on_fat && (attributes & 0x10) != 0;
    if (S_ISDIR(mode) || fat_directory || name.ends_with('/')) {
        return zip_kind::directory;
    }
    return (mode & S_IFMT) == 0 || S_ISREG(mode) ? zip_kind::file : zip_kind::other;
}

std::uint64_t unpacked_size(std::string_view header, std::string_view extra) {
    const auto size = number(header, 24, 4);
    if (size != 0xffffffff) {
        return size;
    }
    while (extra.size() >= 4) {
        const auto length = static_cast<std::size_t>(number(extra, 2, 2));
        if (number(extra, 0, 2) == zip64_extra && length >= 8) {
            return number(extra, 4, 8);
        }
        extra.remove_prefix(std::min(extra.size(), 4 + length));
    }
    return size;
}

error refused_part(std::string_view name, std::string_view part) {
    return refused(errc::denied, name,
                   "has a part of " + std::to_string(part.size()) +
                       " bytes in its name, where Linux takes " + std::to_string(longest_part));
}

result<void> check_name(std::string_view name) {
    if (name.empty()) {
        return refused(errc::denied, name, "has no name");
    }
    if (!is_utf8(name)) {
        return refused(errc::denied, name, "has a name that is not UTF-8");
    }
    const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    if (std::any_of(name.begin(), name.end(), control)) {
        return refused(errc::denied, name, "has a control character in its name");
    }
    if (name.find('\\') != std::string_view::npos) {
        return refused(errc::denied, name,
                       "has a backslash in its name; the directories of a zip are written with /");
    }
    if (name.front() == '/') {
        return refused(errc::denied, name, "has an absolute name, which leaves the package");
    }
    if (name.size() > longest_name) {
        return refused(errc::denied, name,
                       "has a name of more than " + std::to_string(longest_name) + " bytes");
    }
    std::size_t depth = 0;
    for (auto rest = name; !rest.empty();) {
        const auto part = rest.substr(0, rest.find('/'));
        rest.remove_prefix(std::min(rest.size(), part.size() + 1));
        if (part == "..") {
            return refused(errc::denied, name, "has '..' in its name, which leaves the package");
        }
        if (part.size() > longest_part) {
            return refused_part(name, part);
        }
        if (++depth > deepest) {
            return refused(errc::denied, name,
                           "is more than " + std::to_string(deepest) + " directories deep");
        }
    }
    return {};
}

result<void> check_entry(const zip_entry& entry) {
    if (auto checked = check_name(entry.name); !checked) {
        return checked;
    }
    if (entry.encrypted) {
        return refused(errc::denied, entry.name, "is encrypted; nobody can give its password here");
    }
    if (entry.kind == zip_kind::other) {
        return refused(errc::denied, entry.name,
                       "is a device, a pipe or a socket; a package holds files, directories and "
                       "links");
    }
    return {};
}

// A name may be written twice where that says one thing: the later content of a file counts.
result<void> add(package_tree& tree, const zip_entry& entry) {
    auto name = plain_name(entry.name);
    if (name.empty()) {
        if (entry.kind == zip_kind::directory) {
            return {};
        }
        return refused(errc::denied, entry.name, "has no name");
    }
    const auto [there, added] = tree.emplace(std::move(name), entry.kind);
    if (added || (there->second == entry.kind && entry.kind != zip_kind::link)) {
        return {};
    }
    return refused(errc::denied, entry.name,
                   entry.kind == zip_kind::link || there->second == zip_kind::link
                       ? "is there twice, once as a link"
                       : "is there twice, as a file and as a directory");
}

result<std::vector<zip_entry>> read_directory(const source& zip) {
    const auto place = find_directory(zip);
    if (!place) {
        return place.error();
    }
    if (place->size > longest_directory) {
        return error{errc::too_large,
                     "its directory is larger than 64 MiB. Pack fewer files, publish a version "
                     "and deploy that"};
    }
    const auto bytes = zip.read(place->begin, place->size);
    std::vector<zip_entry> entries;
    std::string_view rest = bytes;
    while (rest.size() >= entry_size && rest.starts_with(entry_mark)) {
        const auto header = rest.substr(0, entry_size);
        const auto name_size = static_cast<std::size_t>(number(header, 28, 2));
        const auto extra_size = static_cast<std::size_t>(number(header, 30, 2));
        const auto comment_size = static_cast<std::size_t>(number(header, 32, 2));
        const auto whole = entry_size + name_size + extra_size + comment_size;
        if (whole > rest.size()) {
            break;
        }
        zip_entry entry;
        entry.name = rest.substr(entry_size, name_size);
        entry.encrypted = (number(header, 8, 2) & encrypted_flag) != 0;
        entry.size = unpacked_size(header, rest.substr(entry_size + name_size, extra_size));
        entry.kind =
            kind_of(static_cast<unsigned>(number(header, 5, 1)), number(header, 38, 4), entry.name);
        entries.push_back(std::move(entry));
        rest.remove_prefix(whole);
    }
    const bool counted = place->entries_are_exact ? entries.size() == place->entries
                                                  : entries.size() % 65'536 == place->entries;
    if (!rest.empty() || bytes.size() != place->size || !counted) {
        return broken("the directory at its end is damaged behind its entry " +
                      std::to_string(entries.size()));
    }
    return entries;
}

}  // namespace

result<std::vector<zip_entry>> read_zip_directory(const fs::path& path) {
    const source zip(path);
    if (!zip.is_open()) {
        return errno_error("cannot read " + path.string());
    }
    return read_directory(zip);
}

result<std::vector<zip_entry>> read_zip_directory_of(std::string_view bytes) {
    return read_directory(source(bytes));
}

bool link_stays_inside(const fs::path& entry, const fs::path& target) {
    if (target.empty() || target.is_absolute()) {
        return false;
    }
    // How far up ".." may go: to the package's root.
    long depth = 0;
    for (const auto& part : entry.parent_path()) {
        depth += part == "." || part.empty() ? 0 : 1;
    }
    bool down = false;
    for (const auto& part : target) {
        if (part == "..") {
            if (down || --depth < 0) {
                return false;
            }
        } else if (part != "." && !part.empty()) {
            down = true;
        }
    }
    return true;
}

result<package_tree> check_entries(const std::vector<zip_entry>& entries,
                                   const archive_limits& limits) {
    const auto too_many = [&limits] {
        return error{errc::too_large, "it holds more than " + std::to_string(limits.max_entries) +
                                          " files and directories. Pack fewer, publish a version "
                                          "and deploy that"};
    };
    if (entries.empty()) {
        return broken("it holds no file");
    }
    if (entries.size() > limits.max_entries) {
        return too_many();
    }
    package_tree tree;
    std::uint64_t total = 0;
    for (const auto& entry : entries) {
        if (auto checked = check_entry(entry); !checked) {
            return checked.error();
        }
        const auto left = limits.max_unpacked_bytes - total;
        if (entry.size > left) {
            return refused(errc::too_large, entry.name,
                           "brings it to more than " + std::to_string(limits.max_unpacked_bytes) +
                               " bytes unpacked");
        }
        total += entry.size;
        if (auto added = add(tree, entry); !added) {
            return added.error();
        }
    }
    // What stands above a name is a directory, whether the zip says so or not.
    package_tree implied;
    for (const auto& [name, kind] : tree) {
        for (auto at = name.find('/'); at != std::string::npos; at = name.find('/', at + 1)) {
            const auto above = name.substr(0, at);
            const auto found = tree.find(above);
            if (found == tree.end()) {
                implied.emplace(above, zip_kind::directory);
            } else if (found->second == zip_kind::link) {
                return refused(errc::denied, name, "stands below the link " + quoted_name(above));
            } else if (found->second != zip_kind::directory) {
                return refused(errc::denied, name, "stands below the file " + quoted_name(above));
            }
        }
        if (tree.size() + implied.size() > limits.max_entries) {
            return too_many();
        }
    }
    return tree;
}

std::string plain_name(std::string_view name) {
    std::string plain;
    while (!name.empty()) {
        const auto part = name.substr(0, name.find('/'));
        name.remove_prefix(std::min(name.size(), part.size() + 1));
        if (!part.empty() && part != ".") {
            plain += (plain.empty() ? "" : "/") + std::string(part);
        }
    }
    return plain;
}

std::string quoted_name(std::string_view name) {
    constexpr std::size_t longest_shown = 100;
    const bool utf8 = is_utf8(name);
    std::string text = "'";
    for (const char c : name.substr(0, longest_shown)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f ||
            (byte >= 0x80 && (!utf8 || name.size() > longest_shown))) {
            char escape[5];
            std::snprintf(escape, sizeof escape, "\\x%02x", byte);
            text += escape;
        } else {
            text += c;
        }
    }
    return text + (name.size() > longest_shown ? "…'" : "'");
}

}  // namespace evergrass::zip
