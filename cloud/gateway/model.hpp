#pragma once

#include "cloud/gateway/pattern.hpp"
#include "libs/base/result.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace evergrass::cloud {

// models/README.md says what the parts of a model mean.
enum class shape_type : std::uint8_t {
    structure,
    list,
    map,
    string,
    boolean,
    integer,
    long_integer,
    real,
    timestamp,
    blob,
};

enum class place : std::uint8_t { body, uri, query, header, status };

using shape_id = std::uint16_t;

struct member {
    std::string_view name;
    std::string_view wire_name;
    shape_id shape = 0;
    place where = place::body;
    bool required = false;
    bool is_json = false;  // base64 of JSON, in a header
};

struct shape {
    std::string_view name;
    shape_type type = shape_type::structure;
    shape_id key = 0;      // of a map
    shape_id element = 0;  // of a list or map
    std::optional<std::int64_t> least;
    std::optional<std::int64_t> most;
    std::string_view expression;  // empty: any text
    std::span<const std::string_view> choices;
    std::span<const member> members;
    const member* payload = nullptr;  // the member that is the whole body
};

struct modelled_operation {
    std::string_view name;
    std::string_view method;
    std::string_view uri;
    int status = 200;
    std::optional<shape_id> input;
    std::optional<shape_id> output;
};

// One service's operations and shapes in flat tables; immutable, any thread.
class service_model {
public:
    // The JSON of models/NAME.json.
    static result<std::unique_ptr<service_model>> parse(std::string_view text);

    std::span<const modelled_operation> operations() const { return operations_; }
    const modelled_operation* find(std::string_view operation) const;
    const shape& at(shape_id id) const { return shapes_[id]; }
    std::span<const shape> shapes() const { return shapes_; }

    // Does the text match the pattern of this shape of ours? Compiled at the first question.
    bool matches(const shape& constrained, std::string_view text) const;

private:
    friend class model_reader;
    service_model() = default;

    std::unordered_set<std::string> texts_;  // what every string_view points into
    std::vector<modelled_operation> operations_;
    std::vector<shape> shapes_;
    std::vector<std::vector<member>> members_;
    std::vector<std::vector<std::string_view>> choices_;
    mutable std::mutex mutex_;
    mutable std::map<const shape*, pattern> patterns_;
};

// The models linked into this program, each read at its first use. Any thread.
class model_catalog {
public:
    // "greengrass", "iot", "iot-data", "iot-jobs-data", "lambda"; null for any other.
    const service_model* find(std::string_view service) const;

    static std::vector<std::string_view> services();

private:
    mutable std::mutex mutex_;
    mutable std::map<std::string, std::unique_ptr<service_model>, std::less<>> read_;
};

}  // namespace evergrass::cloud
