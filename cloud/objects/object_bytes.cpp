#include "cloud/objects/object_store.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <openssl/evp.h>

#include <stdexcept>
#include <system_error>

// What object_store does with bytes that are too many for the memory.
namespace evergrass::cloud::objects {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = 1024 * 1024;  // a body may give less at a time

struct free_digest {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

class running_digest {
public:
    explicit running_digest(const EVP_MD* kind) : context_(EVP_MD_CTX_new()) {
        if (EVP_DigestInit_ex(context_.get(), kind, nullptr) != 1) {
            throw std::runtime_error("OpenSSL lacks a digest");
        }
    }
    void add(std::string_view bytes) {
        EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
    }
    std::string hex() {
        std::string raw(EVP_MAX_MD_SIZE, '\0');
        unsigned int size = 0;
        EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(raw.data()), &size);
        raw.resize(size);
        return hex_encode(raw);
    }

private:
    std::unique_ptr<EVP_MD_CTX, free_digest> context_;
};

result<void> pass(open_body& from, std::uint64_t first, std::uint64_t size,
                  const std::function<result<void>(std::string_view)>& to) {
    for (const auto end = first + size; first < end;) {
        const auto most = std::min<std::uint64_t>(piece_bytes, end - first);
        const auto piece = from.read(first, static_cast<std::size_t>(most));
        if (!piece) {
            return piece.error();
        }
        if (auto passed = to(*piece); !passed) {
            return passed;
        }
        first += piece->size();
    }
    return {};
}

}  // namespace

result<std::string> object_store::read(std::string_view sha256, std::size_t max_bytes) const {
    const auto body = bodies_->open(sha256);
    if (!body) {
        return body.error();
    }
    if ((*body)->size() > max_bytes) {
        return error{errc::too_large, bodies_->place_of(sha256) + " has " +
                                          std::to_string((*body)->size()) + " bytes; up to " +
                                          std::to_string(max_bytes) + " are taken"};
    }
    std::string content;
    content.reserve((*body)->size());
    auto read = pass(**body, 0, (*body)->size(), [&](std::string_view piece) {
        content += piece;
        return result<void>();
    });
    if (!read) {
        return read.error();
    }
    if (sha256_hex(content) != sha256) {
        return error{errc::corrupt, bodies_->place_of(sha256) +
                                        " is damaged: its bytes are not those it is named for; "
                                        "put the object again"};
    }
    return content;
}

result<std::int64_t> object_store::serve(std::string_view sha256, http::response& into) const {
    const auto size = bodies_->serve(sha256, into);
    return size ? result<std::int64_t>(static_cast<std::int64_t>(*size)) : size.error();
}

result<void> object_store::keep_body(const std::string& sha256, std::string_view content) {
    if (auto claimed = claim(sha256); !claimed) {
        return claimed;
    }
    return bodies_->write(sha256, content);
}

result<joined_body> object_store::join_bodies(const std::vector<std::string>& sha256s) {
    auto whole = bodies_->begin();
    if (!whole) {
        return whole.error();
    }
    running_digest digest(EVP_sha256());
    joined_body made;
    for (const auto& sha256 : sha256s) {
        const auto part = bodies_->open(sha256);
        if (!part) {
            return part.error();
        }
        auto passed = pass(**part, 0, (*part)->size(), [&](std::string_view piece) {
            digest.add(piece);
            return (*whole)->append(piece);
        });
        if (!passed) {
            return passed.error();
        }
        made.size += static_cast<std::int64_t>((*part)->size());
    }
    made.sha256 = digest.hex();
    auto kept = claim(made.sha256);
    if (kept) {
        kept = (*whole)->keep(made.sha256);
    }
    return kept ? result<joined_body>(std::move(made)) : kept.error();
}

result<joined_body> object_store::copy_range(const std::string& sha256, std::uint64_t first,
                                             std::uint64_t size) {
    const auto from = bodies_->open(sha256);
    if (!from) {
        return from.error();
    }
    if (first + size > (*from)->size()) {
        return error{errc::corrupt,
                     bodies_->place_of(sha256) + " is not whole; put the object again"};
    }
    auto copy = bodies_->begin();
    if (!copy) {
        return copy.error();
    }
    running_digest digest(EVP_sha256());
    running_digest etag(EVP_md5());
    auto done = pass(**from, first, size, [&](std::string_view piece) {
        digest.add(piece);
        etag.add(piece);
        return (*copy)->append(piece);
    });
    joined_body made{digest.hex(), etag.hex(), static_cast<std::int64_t>(size)};
    if (done) {
        done = claim(made.sha256);
    }
    if (done) {
        done = (*copy)->keep(made.sha256);
    }
    return done ? result<joined_body>(std::move(made)) : done.error();
}

result<fs::path> object_store::fresh_file() const {
    if (auto made = make_directories(bodies_->folder(), 0700); !made) {
        return made.error();
    }
    auto fresh = bodies_->folder() / "fetching";
    std::error_code failed;
    fs::remove(fresh, failed);
    if (failed) {
        return error{failed, "cannot remove " + fresh.string()};
    }
    return fresh;
}

result<joined_body> object_store::adopt_file(const fs::path& fresh) {
    std::error_code failed;
    const auto size = fs::file_size(fresh, failed);
    if (failed) {
        return error{failed, "cannot read " + fresh.string()};
    }
    auto sha256 = sha256_hex_of_file(fresh.string());
    if (!sha256) {
        return sha256.error();
    }
    auto kept = claim(*sha256);
    if (kept) {
        kept = bodies_->adopt(fresh, *sha256);
    }
    return kept ? result<joined_body>(
                      joined_body{std::move(*sha256), {}, static_cast<std::int64_t>(size)})
                : kept.error();
}

result<bool> object_store::keep_again(const std::string& sha256) {
    if (auto claimed = claim(sha256); !claimed) {
        return claimed.error();
    }
    const auto there = bodies_->open(sha256);
    if (!there && there.error().code != errc::not_found && there.error().code != errc::corrupt) {
        return there.error();
    }
    return there.has_value();
}

}  // namespace evergrass::cloud::objects
