#include "edge/deployment/bundle_intake.hpp"

#include "contract/bundle.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <array>
#include <fstream>
#include <optional>
#include <set>
#include <utility>

namespace evergrass::edge {
namespace {

namespace fs = std::filesystem;

// The artifact that is being read, beside its place.
class incoming {
public:
    explicit incoming(const deployment_store& store) : store_(store) {}
    ~incoming() { drop(); }
    incoming(const incoming&) = delete;
    incoming& operator=(const incoming&) = delete;

    result<void> begin(std::string_view sha256, bool wanted) {
        sha256_ = sha256;
        if (!wanted || store_.has_artifact(sha256)) {
            return {};
        }
        const auto place = store_.artifact_path(sha256);
        if (auto made = make_directories(place.parent_path(), 0700); !made) {
            return made;
        }
        part_ = place;
        part_ += ".bundle";
        out_.open(part_, std::ios::binary | std::ios::trunc);
        return out_ ? result<void>() : errno_error("cannot write " + part_.string());
    }
    result<void> add(std::string_view bytes) {
        if (!part_.empty() &&
            !out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
            return errno_error("cannot write " + part_.string());
        }
        return {};
    }
    result<void> finish() {
        if (part_.empty()) {
            return {};
        }
        out_.close();
        const auto place = store_.artifact_path(sha256_);
        std::error_code code;
        fs::rename(part_, place, code);
        if (code || !out_) {
            return error{code, "cannot save " + place.string()};
        }
        part_.clear();
        if (!store_.has_artifact(sha256_)) {  // which removes a wrong one
            return error{errc::corrupt, "the bundle is damaged: the content of artifact " +
                                            sha256_ +
                                            " is not what its SHA-256 says. Copy the "
                                            "bundle again"};
        }
        return {};
    }

private:
    void drop() {
        if (!part_.empty()) {
            std::error_code ignored;
            fs::remove(part_, ignored);
        }
    }

    const deployment_store& store_;
    std::string sha256_;
    fs::path part_;
    std::ofstream out_;
};

// Until the end, or until it is enough.
result<void> feed(const fs::path& file, contract::bundle_reader& reader,
                  const std::function<bool()>& is_enough) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
        return errno_error("cannot read " + file.string());
    }
    std::array<char, 64 * 1024> buffer;
    while (in && !is_enough()) {
        in.read(buffer.data(), buffer.size());
        const auto got = static_cast<std::size_t>(in.gcount());
        if (auto read = reader.take({buffer.data(), got}); !read) {
            return with_context(read.error(), file.string());
        }
    }
    if (in.bad()) {
        return errno_error("cannot read " + file.string());
    }
    if (is_enough()) {
        return {};
    }
    auto ended = reader.end();
    return ended ? ended : with_context(ended.error(), file.string());
}

}  // namespace

std::set<std::string, std::less<>> artifacts_of(const contract::manifest& m) {
    std::set<std::string, std::less<>> named;
    for (const auto& f : m.functions) {
        if (!f.artifact.empty()) {
            named.insert(f.artifact);
        }
    }
    for (const auto& f : m.files) {
        named.insert(f.artifact);
    }
    return named;
}

result<contract::signed_manifest> read_bundle_head(const fs::path& file) {
    std::optional<contract::signed_manifest> head;
    contract::bundle_reader reader({[&](contract::signed_manifest sealed) -> result<void> {
                                        head = std::move(sealed);
                                        return {};
                                    },
                                    [](std::string_view, std::uint64_t) { return result<void>(); },
                                    [](std::string_view) { return result<void>(); },
                                    [] { return result<void>(); }});
    if (auto read = feed(file, reader, [&] { return head.has_value(); }); !read) {
        return read.error();
    }
    return std::move(*head);
}

result<bundle_intake> take_bundle(
    const fs::path& file, const deployment_store& store,
    const std::function<result<bundle_intake>(contract::signed_manifest)>& accept) {
    std::optional<bundle_intake> taken;
    std::set<std::string, std::less<>> named;
    incoming artifact(store);
    contract::bundle_reader reader({[&](contract::signed_manifest sealed) -> result<void> {
                                        auto accepted = accept(std::move(sealed));
                                        if (!accepted) {
                                            return accepted.error();
                                        }
                                        taken = std::move(*accepted);
                                        named = artifacts_of(taken->manifest);
                                        return {};
                                    },
                                    [&](std::string_view sha256, std::uint64_t) -> result<void> {
                                        return artifact.begin(sha256, named.contains(sha256));
                                    },
                                    [&](std::string_view bytes) { return artifact.add(bytes); },
                                    [&] { return artifact.finish(); }});
    if (auto read = feed(file, reader, [] { return false; }); !read) {
        return read.error();
    }
    for (const auto& sha256 : named) {
        if (!store.has_artifact(sha256)) {
            return error{errc::corrupt, file.string() + ": the bundle lacks the artifact " +
                                            sha256 + " that its deployment needs"};
        }
    }
    return std::move(*taken);
}

}  // namespace evergrass::edge
