#include "edge/isolation/jail_order.hpp"

#include "libs/base/errors.hpp"

#include <optional>
#include <type_traits>

namespace evergrass::edge::isolation {
namespace {

constexpr std::string_view mark = "EGJ2";

class writer {
public:
    void number(std::uint64_t value) {
        for (int shift = 0; shift < 64; shift += 8) {
            bytes_.push_back(static_cast<char>(value >> shift & 0xff));
        }
    }
    void text(std::string_view value) {
        number(value.size());
        bytes_.append(value);
    }
    void flag(bool value) { number(value ? 1 : 0); }
    template <class T, class Write>
    void list(const std::vector<T>& all, Write write) {
        number(all.size());
        for (const auto& one : all) {
            write(one);
        }
    }
    std::string take() { return std::move(bytes_); }

private:
    std::string bytes_{mark};
};

// After the first fault every read gives an empty value.
class reader {
public:
    explicit reader(std::string_view bytes) : rest_(bytes) {
        if (rest_.substr(0, mark.size()) != mark) {
            fail("does not begin with EGJ2");
            return;
        }
        rest_.remove_prefix(mark.size());
    }

    std::uint64_t number() {
        if (rest_.size() < 8) {
            fail("ends early");
            return 0;
        }
        std::uint64_t value = 0;
        for (int i = 7; i >= 0; --i) {
            value = value << 8 | static_cast<unsigned char>(rest_[static_cast<std::size_t>(i)]);
        }
        rest_.remove_prefix(8);
        return value;
    }

    template <class T>
    T small(std::string_view what) {
        const auto value = number();
        if (value > static_cast<T>(-1)) {
            fail(std::string(what) + " is out of range");
            return T{};
        }
        return static_cast<T>(value);
    }

    std::string text() {
        const auto size = number();
        if (size > rest_.size()) {
            fail("ends early");
            return {};
        }
        const auto value = rest_.substr(0, static_cast<std::size_t>(size));
        rest_.remove_prefix(value.size());
        if (value.find('\0') != std::string_view::npos) {
            fail("holds a NUL in a text");
            return {};
        }
        return std::string(value);
    }

    std::string path(std::string_view what) {
        auto value = text();
        if (!fault_ && !value.starts_with('/')) {
            fail(std::string(what) + " is not an absolute path");
        }
        return value;
    }

    bool flag() { return number() != 0; }

    template <class Read>
    auto list(Read read) {
        std::vector<std::invoke_result_t<Read>> all;
        // Each element takes 8 bytes at least: a wrong count cannot ask for memory.
        const auto count = number();
        if (count > rest_.size() / 8) {
            fail("ends early");
            return all;
        }
        for (std::uint64_t i = 0; i < count && !fault_; ++i) {
            all.push_back(read());
        }
        return all;
    }

    std::optional<std::string> finish() {
        if (!fault_ && !rest_.empty()) {
            fail("goes on after its end");
        }
        return fault_;
    }

private:
    void fail(std::string why) {
        if (!fault_) {
            fault_ = std::move(why);
        }
        rest_ = {};
    }

    std::string_view rest_;
    std::optional<std::string> fault_;
};

}  // namespace

std::string encode(const jail_order& order) {
    writer out;
    const auto text = [&](const std::string& t) { out.text(t); };
    out.text(order.program);
    out.list(order.arguments, text);
    out.list(order.environment, text);
    out.text(order.directory);
    out.number(order.uid);
    out.number(order.gid);
    out.list(order.groups, [&](gid_t gid) { out.number(gid); });
    out.text(order.work_directory);
    out.list(order.mounts, [&](const jail_mount& m) {
        out.text(m.source);
        out.text(m.destination);
        out.flag(m.writable);
    });
    out.list(order.devices, [&](const jail_device& d) {
        out.text(d.path);
        out.flag(d.writable);
    });
    out.list(order.hidden, text);
    out.flag(order.sysfs);
    out.number(order.memory_bytes);
    out.number(order.processes);
    out.flag(order.waits);
    return out.take();
}

std::string message_to_jail(const jail_order& order) {
    const auto bytes = encode(order);
    const auto size = static_cast<std::uint32_t>(bytes.size());
    return std::string(reinterpret_cast<const char*>(&size), sizeof size) + bytes;
}

result<jail_order> decode_jail_order(std::string_view bytes) {
    reader in(bytes);
    jail_order order;
    order.program = in.path("program");
    order.arguments = in.list([&] { return in.text(); });
    order.environment = in.list([&] { return in.text(); });
    order.directory = in.path("directory");
    order.uid = in.small<uid_t>("uid");
    order.gid = in.small<gid_t>("gid");
    order.groups = in.list([&] { return in.small<gid_t>("a group"); });
    order.work_directory = in.path("work directory");
    order.mounts = in.list([&] {
        jail_mount m;
        m.source = in.path("a mount's source");
        m.destination = in.path("a mount's destination");
        m.writable = in.flag();
        return m;
    });
    order.devices = in.list([&] {
        jail_device d;
        d.path = in.path("a device");
        d.writable = in.flag();
        return d;
    });
    order.hidden = in.list([&] { return in.path("a hidden path"); });
    order.sysfs = in.flag();
    order.memory_bytes = in.number();
    order.processes = in.small<std::uint32_t>("the number of processes");
    order.waits = in.flag();
    if (const auto fault = in.finish()) {
        return error{errc::invalid_input, "an order to evergrass-jail " + *fault};
    }
    return order;
}

}  // namespace evergrass::edge::isolation
