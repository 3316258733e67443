#include "libs/cbor/cbor.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <boost/json/string.hpp>

#include <array>
#include <cbor.h>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace evergrass {
namespace {

// Puts a value together from its pieces. libcbor decodes one item a call and calls nothing of its
// own again, so nesting is this stack alone.
class builder {
public:
    builder(std::size_t max_depth, std::size_t bytes) : max_depth_(max_depth), bytes_(bytes) {}

    const std::optional<json::value>& whole() const { return whole_; }
    json::value take() { return std::move(*whole_); }
    const char* fault() const { return fault_; }

    void place(json::value value) {
        if (text_) {
            return fail("a text has a piece that is no text");
        }
        while (!fault_) {
            if (open_.empty()) {
                whole_ = std::move(value);
                return;
            }
            put(open_.back(), std::move(value));
            if (fault_ || open_.back().is_open()) {
                return;
            }
            value = std::move(open_.back().value);
            open_.pop_back();
        }
    }

    void text(std::string_view piece) {
        if (text_) {
            text_->append(piece);
        } else if (!is_utf8(piece)) {
            fail("a text is not UTF-8");
        } else {
            place(json::string(piece));
        }
    }
    void begin_text() {
        if (text_) {
            return fail("a text has a piece that is no text");
        }
        text_.emplace();
    }

    // `items`: keys and values; nullopt: until a break.
    void begin(json::value empty, std::optional<std::uint64_t> items) {
        if (text_) {
            return fail("a text has a piece that is no text");
        }
        if (items && *items > bytes_) {
            return fail("an array or map is longer than what holds it");
        }
        if (open_.size() == max_depth_) {
            return fail("too many levels");
        }
        if (!is_expected_here()) {
            return fail(not_a_key);
        }
        if (items == std::uint64_t{0}) {
            return place(std::move(empty));
        }
        open_.push_back({std::move(empty), items, {}});
    }
    void begin_map(std::optional<std::uint64_t> pairs) {
        if (pairs && *pairs > bytes_) {
            return fail("an array or map is longer than what holds it");
        }
        begin(json::object(), pairs ? std::optional(*pairs * 2) : std::nullopt);
    }

    void end() {
        if (text_) {
            const auto whole = std::move(*text_);
            text_.reset();
            return text(whole);
        }
        if (open_.empty() || open_.back().left || open_.back().key) {
            return fail("a break where nothing ends");
        }
        auto done = std::move(open_.back().value);
        open_.pop_back();
        place(std::move(done));
    }

    void number(std::uint64_t value) {
        if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
            place(static_cast<std::int64_t>(value));
        } else {
            place(value);
        }
    }
    // -1 - `below`
    void negative(std::uint64_t below) {
        if (below > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
            return fail("a number has more than 64 bits");
        }
        place(-1 - static_cast<std::int64_t>(below));
    }
    void real(double value) {
        if (!std::isfinite(value)) {
            return fail("a number is not finite");
        }
        place(value);
    }

    void fail(const char* why) { fault_ = fault_ ? fault_ : why; }

private:
    static constexpr const char* not_a_key = "a key is no text";

    struct open_item {
        json::value value;                  // an array or an object, as far as it has come
        std::optional<std::uint64_t> left;  // nullopt: until a break
        std::optional<json::string> key;    // whose value comes next

        bool is_open() const { return !left || *left != 0; }
    };

    bool is_expected_here() const {
        return open_.empty() || open_.back().value.is_array() || open_.back().key;
    }

    void put(open_item& into, json::value value) {
        if (into.left) {
            *into.left -= 1;
        }
        if (into.value.is_array()) {
            into.value.get_array().push_back(std::move(value));
            return;
        }
        auto& object = into.value.get_object();
        if (into.key) {
            object.insert_or_assign(*into.key, std::move(value));
            into.key.reset();
        } else if (!value.is_string()) {
            fail(not_a_key);
        } else if (object.contains(value.get_string())) {
            fail("a key comes twice");
        } else {
            into.key = std::move(value.get_string());
        }
    }

    const std::size_t max_depth_;
    const std::size_t bytes_;
    std::vector<open_item> open_;
    std::optional<std::string> text_;  // one of unknown length
    std::optional<json::value> whole_;
    const char* fault_ = nullptr;
};

builder& of(void* context) {
    return *static_cast<builder*>(context);
}

template <class T>
void take_number(void* context, T value) {
    of(context).number(value);
}

template <class T>
void take_negative(void* context, T value) {
    of(context).negative(value);
}

template <class T>
void take_real(void* context, T value) {
    of(context).real(value);
}

void take_null(void* context) {
    of(context).place(nullptr);
}

constexpr const char* no_bytes = "byte strings are not taken; give text";

cbor_callbacks make_callbacks() {
    cbor_callbacks calls = cbor_empty_callbacks;
    calls.uint8 = take_number<std::uint8_t>;
    calls.uint16 = take_number<std::uint16_t>;
    calls.uint32 = take_number<std::uint32_t>;
    calls.uint64 = take_number<std::uint64_t>;
    calls.negint8 = take_negative<std::uint8_t>;
    calls.negint16 = take_negative<std::uint16_t>;
    calls.negint32 = take_negative<std::uint32_t>;
    calls.negint64 = take_negative<std::uint64_t>;
    calls.float2 = take_real<float>;
    calls.float4 = take_real<float>;
    calls.float8 = take_real<double>;
    calls.null = take_null;
    calls.undefined = take_null;
    calls.boolean = [](void* context, bool value) { of(context).place(value); };
    calls.byte_string = [](void* context, cbor_data, std::size_t) { of(context).fail(no_bytes); };
    calls.byte_string_start = [](void* context) { of(context).fail(no_bytes); };
    calls.string = [](void* context, cbor_data data, std::size_t size) {
        of(context).text({reinterpret_cast<const char*>(data), size});
    };
    calls.string_start = [](void* context) { of(context).begin_text(); };
    calls.array_start = [](void* context, std::size_t items) {
        of(context).begin(json::array(), items);
    };
    calls.indef_array_start = [](void* context) { of(context).begin(json::array(), std::nullopt); };
    calls.map_start = [](void* context, std::size_t pairs) { of(context).begin_map(pairs); };
    calls.indef_map_start = [](void* context) { of(context).begin_map(std::nullopt); };
    calls.indef_break = [](void* context) { of(context).end(); };
    return calls;
}

error fault_at(std::size_t byte, const std::string& what) {
    return {errc::invalid_input, what + " (byte " + std::to_string(byte) + ")"};
}

constexpr std::size_t longest_head = 9;  // RFC 8949 §3: a byte and a number of 64 bits

template <class Encode, class... Value>
void append(std::string& to, Encode encode, Value... value) {
    std::array<unsigned char, longest_head> head{};
    const auto size = encode(value..., head.data(), head.size());
    to.append(reinterpret_cast<const char*>(head.data()), size);
}

void append_text(std::string& to, std::string_view text) {
    append(to, cbor_encode_string_start, text.size());
    to.append(text);
}

void append_value(std::string& to, const json::value& value) {
    switch (value.kind()) {
        case json::kind::null:
            return append(to, cbor_encode_null);
        case json::kind::bool_:
            return append(to, cbor_encode_bool, value.get_bool());
        case json::kind::int64: {
            const auto number = value.get_int64();
            return number < 0 ? append(to, cbor_encode_negint, std::uint64_t(-1 - number))
                              : append(to, cbor_encode_uint, std::uint64_t(number));
        }
        case json::kind::uint64:
            return append(to, cbor_encode_uint, value.get_uint64());
        case json::kind::double_:
            return append(to, cbor_encode_double, value.get_double());
        case json::kind::string:
            return append_text(to, value.get_string());
        case json::kind::array:
            append(to, cbor_encode_array_start, value.get_array().size());
            for (const auto& each : value.get_array()) {
                append_value(to, each);
            }
            return;
        case json::kind::object:
            append(to, cbor_encode_map_start, value.get_object().size());
            for (const auto& [name, member] : value.get_object()) {
                append_text(to, name);
                append_value(to, member);
            }
            return;
    }
}

}  // namespace

result<json::value> parse_cbor(std::string_view bytes, const cbor_limits& limits) {
    if (bytes.size() > limits.most_bytes) {
        return error{errc::too_large, "it has " + std::to_string(bytes.size()) + " bytes of " +
                                          std::to_string(limits.most_bytes) + " at most"};
    }
    const auto calls = make_callbacks();
    builder made(limits.max_depth, bytes.size());
    std::size_t at = 0;
    while (at < bytes.size()) {
        if (made.whole()) {
            return fault_at(at, "more comes after the value");
        }
        const auto step = cbor_stream_decode(reinterpret_cast<cbor_data>(bytes.data()) + at,
                                             bytes.size() - at, &calls, &made);
        if (step.status == CBOR_DECODER_NEDATA) {
            break;
        }
        if (step.status != CBOR_DECODER_FINISHED || step.read == 0) {
            return fault_at(at, "this is not CBOR");
        }
        if (made.fault() != nullptr) {
            return fault_at(at, made.fault());
        }
        at += step.read;
    }
    if (!made.whole()) {
        return fault_at(bytes.size(), "it ends in the middle");
    }
    return made.take();
}

std::string to_cbor(const json::value& value) {
    std::string bytes;
    append_value(bytes, value);
    return bytes;
}

}  // namespace evergrass
