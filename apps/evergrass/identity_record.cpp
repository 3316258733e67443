#include "apps/evergrass/identity_record.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"

#include <utility>

namespace evergrass::cli {
namespace {

constexpr std::int64_t format_version = 1;

constexpr std::pair<made_item::kind, std::string_view> kinds[] = {
    {made_item::kind::thing, "thing"},   {made_item::kind::certificate, "certificate"},
    {made_item::kind::policy, "policy"}, {made_item::kind::definition, "definition"},
    {made_item::kind::group, "group"},   {made_item::kind::membership, "membership"},
};

error wrong(const std::string& member, std::string_view kind) {
    return {errc::corrupt, member + " must be " + std::string(kind)};
}

result<made_item> parse_item(const json::value& value, std::size_t number) {
    const auto where = "made[" + std::to_string(number) + "]";
    const auto* object = value.if_object();
    if (object == nullptr) {
        return wrong(where, "an object");
    }
    const auto what = string_member(*object, "what").value_or("");
    auto id = string_member(*object, "id");
    auto of = string_member(*object, "of");
    if (!id || id->empty()) {
        return wrong(where + ".id", "text");
    }
    if (!of) {
        return wrong(where + ".of", "text");
    }
    for (const auto& [kind, text] : kinds) {
        if (text == what) {
            return made_item{kind, std::move(*id), std::move(*of)};
        }
    }
    return wrong(where + ".what", "thing, certificate, policy, definition, group or membership");
}

}  // namespace

std::string_view to_text(made_item::kind what) {
    for (const auto& [kind, text] : kinds) {
        if (kind == what) {
            return text;
        }
    }
    return "";
}

std::string to_json_text(const identity_record& record) {
    json::array made;
    for (const auto& item : record.made) {
        made.push_back(
            json::object{{"what", to_text(item.what)}, {"id", item.id}, {"of", item.of}});
    }
    return to_pretty_json(json::object{{"version", format_version},
                                       {"purpose", record.purpose},
                                       {"name", record.name},
                                       {"api", record.api},
                                       {"region", record.region},
                                       {"bundle", record.bundle},
                                       {"complete", record.complete},
                                       {"made", std::move(made)}});
}

result<identity_record> parse_identity_record(std::string_view text) {
    const auto value = parse_json(text);
    if (!value) {
        return value.error();
    }
    const auto* object = value->if_object();
    if (object == nullptr) {
        return error{errc::corrupt, "it must be a JSON object"};
    }
    if (int_member(*object, "version") != format_version) {
        return error{errc::unsupported,
                     "version must be 1; a newer Evergrass may have written this file"};
    }
    identity_record read;
    const std::pair<const char*, std::string*> texts[] = {{"purpose", &read.purpose},
                                                          {"name", &read.name},
                                                          {"api", &read.api},
                                                          {"region", &read.region},
                                                          {"bundle", &read.bundle}};
    for (const auto& [name, into] : texts) {
        auto found = string_member(*object, name);
        if (!found) {
            return wrong(name, "text");
        }
        *into = std::move(*found);
    }
    if (read.purpose != "core" && read.purpose != "device") {
        return wrong("purpose", "core or device");
    }
    const auto complete = bool_member(*object, "complete");
    if (!complete) {
        return wrong("complete", "true or false");
    }
    read.complete = *complete;
    const auto* made = array_member(*object, "made");
    if (made == nullptr) {
        return wrong("made", "an array");
    }
    for (const auto& each : *made) {
        auto item = parse_item(each, read.made.size());
        if (!item) {
            return item.error();
        }
        read.made.push_back(std::move(*item));
    }
    return read;
}

result<std::optional<identity_record>> load_identity_record(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
        return std::optional<identity_record>();
    }
    const auto text = read_file(path);
    if (!text) {
        return text.error();
    }
    auto read = parse_identity_record(*text);
    if (!read) {
        return error{{},
                     path.string() + " cannot be used: " + read.error().message() +
                         ". It says what was made at the service: put back a copy; or remove it, "
                         "and what it named there by hand"};
    }
    return std::optional(std::move(*read));
}

result<void> save_identity_record(const std::filesystem::path& path,
                                  const identity_record& record) {
    return write_file_atomically(path, to_json_text(record), 0600);
}

std::filesystem::path record_path(const std::filesystem::path& bundle) {
    auto text = bundle.string();
    for (const std::string_view ending : {".tar.gz", ".tgz"}) {
        if (text.ends_with(ending)) {
            text.resize(text.size() - ending.size());
            break;
        }
    }
    return text + ".identity.json";
}

}  // namespace evergrass::cli
