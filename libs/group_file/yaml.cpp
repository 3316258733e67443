#include "libs/group_file/yaml.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <sstream>
#include <utility>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace evergrass::group_file {
namespace {

constexpr std::string_view standard_tags = "tag:yaml.org,2002:";

// Thrown through yaml-cpp, which calls back, and caught in parse_yaml.
struct refusal {
    error why;
};

std::size_t weight(const node& of) {
    std::size_t sum = 1;
    for (const auto* children : {&of.keys, &of.items}) {
        for (const auto& child : *children) {
            sum += weight(child);
        }
    }
    return sum;
}

std::size_t height(const node& of) {
    std::size_t most = 0;
    for (const auto& child : of.items) {
        most = std::max(most, height(child));
    }
    return most + 1;
}

// Builds the tree from yaml-cpp's events. Its own loader would follow aliases without counting.
class builder : public YAML::EventHandler {
public:
    explicit builder(const yaml_limits& limits) : limits_(limits) {}

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override { add(leaf(at), anchor); }
    void OnAlias(const YAML::Mark& at, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            refuse(at, "an alias inside of what it stands for");
        }
        nodes_ += found->second.weight;
        if (open_.size() + found->second.height > limits_.depth) {
            refuse(at, "it is nested too deep");
        }
        check_count(at);
        add(found->second.value, 0);
    }
    void OnScalar(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        auto made = leaf(at);
        made.what = node::kind::scalar;
        made.text = value;
        made.quoted = tag == "!";
        set_tag(made, tag);
        if (!is_utf8(value)) {
            refuse(at, "this is not UTF-8");
        }
        add(std::move(made), anchor);
    }
    void OnSequenceStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(at, node::kind::list, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(at, node::kind::map, tag, anchor);
    }
    void OnMapEnd() override { close(); }

    node take() { return std::move(root_); }

private:
    struct anchored {
        node value;
        std::size_t weight = 0;
        std::size_t height = 0;
    };
    struct level {
        node value;
        YAML::anchor_t anchor = 0;
    };

    [[noreturn]] static void refuse(const YAML::Mark& at, std::string what) {
        node where;
        where.line = at.line + 1;
        where.column = at.column + 1;
        throw refusal{fault_at(where, std::move(what))};
    }

    void check_count(const YAML::Mark& at) const {
        if (nodes_ > limits_.nodes) {
            refuse(at, "more than " + std::to_string(limits_.nodes) + " values");
        }
    }

    node leaf(const YAML::Mark& at) {
        ++nodes_;
        check_count(at);
        node made;
        made.line = at.line + 1;
        made.column = at.column + 1;
        return made;
    }

    static void set_tag(node& of, const std::string& tag) {
        if (tag != "?" && tag != "!" && !tag.starts_with(standard_tags)) {
            of.tag = tag;
        }
    }

    void open(const YAML::Mark& at, node::kind what, const std::string& tag,
              YAML::anchor_t anchor) {
        if (open_.size() >= limits_.depth) {
            refuse(at, "it is nested too deep");
        }
        auto made = leaf(at);
        made.what = what;
        set_tag(made, tag);
        open_.push_back({std::move(made), anchor});
    }

    void close() {
        auto done = std::move(open_.back());
        open_.pop_back();
        add(std::move(done.value), done.anchor);
    }

    void add(node made, YAML::anchor_t anchor) {
        if (anchor != 0) {
            anchors_[anchor] = {made, weight(made), height(made)};
        }
        if (open_.empty()) {
            root_ = std::move(made);
            return;
        }
        auto& into = open_.back().value;
        if (into.what == node::kind::list || into.keys.size() > into.items.size()) {
            into.items.push_back(std::move(made));
            return;
        }
        YAML::Mark at;
        at.line = made.line - 1;
        at.column = made.column - 1;
        if (made.what != node::kind::scalar) {
            refuse(at, "a name must be a text");
        }
        if (into.find(made.text) != nullptr) {
            refuse(at, "'" + made.text + "' is there twice");
        }
        into.keys.push_back(std::move(made));
    }

    const yaml_limits& limits_;
    std::size_t nodes_ = 0;
    std::vector<level> open_;
    std::map<YAML::anchor_t, anchored> anchors_;
    node root_;
};

bool is_number(std::string_view text, double& value) {
    if (text.empty() || text.front() == '+') {
        return false;
    }
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failed == std::errc() && end == text.data() + text.size();
}

bool looks_like_other_than_text(std::string_view text) {
    static constexpr std::string_view words[] = {"null", "Null",  "NULL",  "~",     "true", "True",
                                                 "TRUE", "false", "False", "FALSE", "yes",  "no",
                                                 "Yes",  "No",    "on",    "off",   "y",    "n"};
    double ignored = 0;
    return std::find(std::begin(words), std::end(words), text) != std::end(words) ||
           is_number(text, ignored) ||
           is_number(text.substr(text.starts_with('+') ? 1 : 0), ignored);
}

std::string scalar_text(std::string_view text) {
    static constexpr std::string_view more = "_./-+$:@ ()=*";
    const auto plain = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || more.find(c) != more.npos;
    };
    const bool fits = !text.empty() && std::all_of(text.begin(), text.end(), plain) &&
                      (std::isalnum(static_cast<unsigned char>(text.front())) != 0 ||
                       text.front() == '/' || text.front() == '_' || text.front() == '$') &&
                      text.back() != ' ' && text.back() != ':' && text.find(": ") == text.npos &&
                      !looks_like_other_than_text(text);
    return fits ? std::string(text) : json::serialize(json::string(text));
}

std::string leaf_text(const json::value& value) {
    return value.is_string() ? scalar_text(value.get_string()) : json::serialize(value);
}

bool is_leaf(const json::value& value) {
    return !(value.is_object() && !value.get_object().empty()) &&
           !(value.is_array() && !value.get_array().empty());
}

std::string flow_text(const json::value& value) {
    if (const auto* object = value.if_object()) {
        std::string text = "{";
        for (const auto& member : *object) {
            text += (text.size() > 1 ? ", " : "") + scalar_text(member.key()) + ": " +
                    flow_text(member.value());
        }
        return text + "}";
    }
    if (const auto* list = value.if_array()) {
        std::string text = "[";
        for (const auto& item : *list) {
            text += (text.size() > 1 ? ", " : "") + flow_text(item);
        }
        return text + "]";
    }
    return leaf_text(value);
}

struct writer {
    const std::vector<std::string_view>& one_line;
    std::string out{};

    void object(const json::object& value, const std::string& indent, bool first_is_indented) {
        for (const auto& member : value) {
            out += first_is_indented ? "" : indent;
            first_is_indented = false;
            out += scalar_text(member.key()) + ":";
            content(member.value(), indent,
                    std::find(one_line.begin(), one_line.end(), std::string_view(member.key())) !=
                        one_line.end());
        }
    }

    void content(const json::value& value, const std::string& indent, bool flow) {
        if (is_leaf(value)) {
            out += " " + leaf_text(value) + "\n";
        } else if (const auto* inner = value.if_object()) {
            out += "\n";
            object(*inner, indent + "  ", false);
        } else {
            out += "\n";
            list(value.get_array(), indent + "  ", flow);
        }
    }

    void list(const json::array& value, const std::string& indent, bool flow) {
        for (const auto& item : value) {
            out += indent + "- ";
            const auto* inner = item.if_object();
            if (inner == nullptr || inner->empty() || flow) {
                out += flow_text(item) + "\n";
            } else {
                object(*inner, indent + "  ", true);
            }
        }
    }
};

}  // namespace

const node* node::find(std::string_view name) const {
    for (std::size_t i = 0; i < keys.size() && i < items.size(); ++i) {
        if (keys[i].text == name) {
            return &items[i];
        }
    }
    return nullptr;
}

error fault_at(const node& where, std::string what) {
    return {errc::invalid_input, std::to_string(where.line) + ":" + std::to_string(where.column) +
                                     ": " + std::move(what)};
}

result<node> parse_yaml(std::string_view text, const yaml_limits& limits) {
    if (text.size() > limits.bytes) {
        return error{errc::too_large,
                     "1:1: more than " + std::to_string(limits.bytes / 1024) + " KiB of text"};
    }
    if (text.find('\0') != text.npos) {
        return error{errc::invalid_input, "1:1: this is not a text: it has bytes that are 0"};
    }
    std::istringstream in{std::string(text)};
    try {
        YAML::Parser parser(in);
        builder made(limits);
        if (!parser.HandleNextDocument(made)) {
            return error{errc::invalid_input, "1:1: the file is empty"};
        }
        auto root = made.take();
        builder second(limits);
        if (parser.HandleNextDocument(second)) {
            return error{errc::invalid_input, "1:1: the file has more than one document; keep one"};
        }
        return root;
    } catch (const refusal& refused) {
        return refused.why;
    } catch (const YAML::Exception& e) {
        node where;
        where.line = e.mark.line + 1;
        where.column = e.mark.column + 1;
        return fault_at(where, e.msg);
    }
}

json::value to_json(const node& value) {
    switch (value.what) {
        case node::kind::null:
            return nullptr;
        case node::kind::list: {
            json::array list;
            for (const auto& item : value.items) {
                list.push_back(to_json(item));
            }
            return list;
        }
        case node::kind::map: {
            json::object object;
            for (std::size_t i = 0; i < value.items.size(); ++i) {
                object[value.keys[i].text] = to_json(value.items[i]);
            }
            return object;
        }
        case node::kind::scalar:
            break;
    }
    const std::string_view text = value.text;
    if (!value.quoted) {
        if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
            return nullptr;
        }
        if (text == "true" || text == "True" || text == "TRUE") {
            return true;
        }
        if (text == "false" || text == "False" || text == "FALSE") {
            return false;
        }
        std::int64_t whole = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), whole);
        if (failed == std::errc() && end == text.data() + text.size()) {
            return whole;
        }
        double number = 0;
        const bool digits = text.find_first_of("0123456789") != text.npos;
        if (digits && text.find_first_of("xX") == text.npos && is_number(text, number)) {
            return number;
        }
    }
    return json::string(text);
}

std::string to_yaml(const json::object& value, const std::vector<std::string_view>& one_line) {
    writer to{one_line};
    to.object(value, "", false);
    return to.out;
}

}  // namespace evergrass::group_file
