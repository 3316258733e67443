#include "libs/base/secret_text.hpp"

#include "libs/base/errors.hpp"

#include <boost/json/memory_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/serializer.hpp>
#include <openssl/crypto.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace evergrass {
namespace {

constexpr std::size_t least_piece = 32;

void* take_memory(std::size_t size) {
    void* memory = OPENSSL_secure_malloc(size);
    if (memory == nullptr) {
        memory = OPENSSL_malloc(size);  // the reserved memory is full
    }
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

void give_back(void* memory, std::size_t size) {
    OPENSSL_secure_clear_free(memory, size);  // of either kind
}

class secret_resource final : public json::memory_resource {
    void* do_allocate(std::size_t size, std::size_t) override {
        return take_memory(size == 0 ? 1 : size);
    }
    void do_deallocate(void* memory, std::size_t size, std::size_t) override {
        give_back(memory, size);
    }
    bool do_is_equal(const json::memory_resource& other) const noexcept override {
        return dynamic_cast<const secret_resource*>(&other) != nullptr;
    }
};

}  // namespace

bool reserve_secret_memory(std::size_t bytes) {
    return CRYPTO_secure_malloc_initialized() == 1 ||
           CRYPTO_secure_malloc_init(bytes, least_piece) == 1;
}

secret_text::secret_text(std::string_view text) : size_(text.size()) {
    if (size_ != 0) {
        data_ = static_cast<char*>(take_memory(size_));
        std::memcpy(data_, text.data(), size_);
    }
}

secret_text::secret_text(secret_text&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

secret_text& secret_text::operator=(secret_text other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

secret_text::~secret_text() {
    give_back(data_, size_);
}

secret_text secret_text::from(std::string& text) {
    secret_text taken(text);
    wipe(text);
    return taken;
}

bool forbid_core_dumps() {
    // The limit alone does not hold for a program that takes dumps by a pipe, as systemd's does.
    rlimit dumps{};
    ::getrlimit(RLIMIT_CORE, &dumps);
    dumps.rlim_cur = 0;
    return ::setrlimit(RLIMIT_CORE, &dumps) == 0 && ::prctl(PR_SET_DUMPABLE, 0) == 0;
}

result<secret_text> read_secret_text(int descriptor, std::size_t max_bytes, std::string_view name) {
    std::string all(max_bytes + 1, '\0');  // one place, which is wiped
    std::size_t used = 0;
    for (;;) {
        const auto got = ::read(descriptor, all.data() + used, all.size() - used);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            auto failed = errno_error("cannot read " + std::string(name));
            wipe(all);
            return failed;
        }
        used += static_cast<std::size_t>(got);
        if (used > max_bytes) {
            wipe(all);
            return error{errc::too_large, std::string(name) + " is larger than " +
                                              std::to_string(max_bytes) + " bytes"};
        }
        if (got == 0) {
            secret_text text(std::string_view(all).substr(0, used));
            wipe(all);
            return text;
        }
    }
}

result<secret_text> read_secret_file(const std::filesystem::path& path, std::size_t max_bytes) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return errno_error("cannot open " + path.string());
    }
    auto text = read_secret_text(file, max_bytes, path.string());
    ::close(file);
    return text;
}

void wipe(std::string& text) {
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

json::storage_ptr secret_storage() {
    return json::make_shared_resource<secret_resource>();
}

// json::serialize() grows a string, and each time leaves the one before where it was.
secret_text to_secret_json(const json::value& value) {
    constexpr std::size_t first_size = 1024;
    json::serializer out;
    out.reset(&value);
    std::size_t size = 0;
    std::size_t room = first_size;
    auto* memory = static_cast<char*>(take_memory(room));
    for (;;) {
        size += out.read(memory + size, room - size).size();
        if (out.done()) {
            break;
        }
        auto* larger = static_cast<char*>(take_memory(2 * room));
        std::memcpy(larger, memory, size);
        give_back(memory, room);
        memory = larger;
        room *= 2;
    }
    secret_text text(std::string_view(memory, size));
    give_back(memory, room);
    return text;
}

result<json::value> parse_secret_json(std::string_view text) {
    const auto memory = secret_storage();
    json::parser parser(memory);
    parser.reset(memory);
    boost::system::error_code failed;
    parser.write(text.data(), text.size(), failed);
    if (failed) {
        auto why = parse_json(text);
        return why ? error{failed, "not valid JSON"} : why.error();
    }
    return parser.release();
}

}  // namespace evergrass
