// The part of group_applier that removes what the file no longer names.
#include "apps/evergrass/group_apply.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <array>
#include <utility>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

// Named, because g++ 12 loses what an initializer list in a coroutine's loop refers to.
constexpr std::array<const char*, 2> thing_sections = {"core", "devices"};
constexpr std::array<const char*, 3> all_sections = {"core", "devices", "functions"};

std::string text_of(const json::object& in, std::string_view name) {
    return string_member(in, name).value_or("");
}

void drop_certificate(json::object& member, const std::set<std::string>& of_things) {
    if (of_things.contains(text_of(member, "thing"))) {
        member.erase("certificate");
    }
}

}  // namespace

// What prune is to remove: of the parts that the file no longer names, those that are ours and that
// no group has.
asio::awaitable<result<group_applier::removals>> group_applier::find_removals() {
    removals found;
    for (const auto& each : plan_.changes) {
        const bool thing = each.section == "core" || each.section == "devices";
        if (each.what != group_file::change::kind::remove ||
            (!thing && each.section != "functions")) {
            continue;
        }
        std::string name = each.key;
        bool foreign = false;
        for (const auto* part : group_file::parts_of(plan_.current->group, "functions")) {
            if (!thing && group_file::key_of("functions", *part) == each.key) {
                name = text_of(*part, "name");
                foreign = part->contains("arn");
            }
        }
        auto used = co_await used_elsewhere(thing ? "things" : "functions", name);
        if (!used) {
            co_return used.error();
        }
        if (*used || foreign) {
            tell_("kept " + name + (foreign ? ": it isn't ours" : ": a group has it"));
        } else {
            (thing ? found.things : found.functions).insert(name);
        }
    }
    co_return found;
}

// The group as it was, with the packages that go: applied, it brings all back but the certificates'
// keys.
asio::awaitable<result<void>> group_applier::write_way_back(removals gone) {
    auto stem = wanted_.file;
    stem.replace_extension(".before-prune");
    auto former = plan_.current->group;
    for (const auto* section : thing_sections) {
        auto* found = former.if_contains(section);
        if (found != nullptr && found->is_object()) {
            drop_certificate(found->get_object(), gone.things);
        }
        for (std::size_t i = 0;
             found != nullptr && found->is_array() && i < found->get_array().size(); ++i) {
            drop_certificate(found->get_array()[i].get_object(), gone.things);
        }
    }
    auto* functions = former.if_contains("functions");
    for (std::size_t i = 0; functions != nullptr && i < functions->get_array().size(); ++i) {
        auto& part = functions->get_array()[i].get_object();
        const auto name = text_of(part, "name");
        if (!gone.functions.contains(name)) {
            continue;
        }
        auto found = co_await reader_.function(name, qualifier_of(part));
        if (!found) {
            co_return found.error();
        }
        if (!*found) {
            continue;
        }
        auto zip = co_await reader_.package((*found)->location);
        if (!zip) {
            co_return with_context(zip.error(),
                                   "the package of " + name + ", which is to be removed");
        }
        const auto file = stem / (name + ".zip");
        auto written = make_directories(stem);
        if (written) {
            written = write_file_atomically(file, *zip);
        }
        if (!written) {
            co_return written;
        }
        part.erase("version");
        part["code"] = (stem.filename() / (name + ".zip")).string();
        part["runtime"] = (*found)->runtime;
        part["handler"] = (*found)->handler;
    }
    const auto file = stem.string() + ".yaml";
    auto written = write_file_atomically(file, group_file::to_text(former));
    if (written) {
        tell_("wrote " + file + ": applied, it is the way back");
    }
    co_return written;
}

asio::awaitable<result<void>> group_applier::prune() {
    auto gone = co_await find_removals();
    if (!gone) {
        co_return gone.error();
    }
    if (gone->things.empty() && gone->functions.empty()) {
        co_return result<void>();
    }
    auto written = co_await write_way_back(*gone);
    if (!written) {
        co_return written;
    }
    for (const auto& thing : gone->things) {
        auto removed = co_await remove_thing(thing);
        if (!removed) {
            co_return removed;
        }
    }
    for (const auto& name : gone->functions) {
        api_call remove{"DeleteFunction", "lambda", "DELETE",
                        "/2015-03-31/functions/" + percent_encode(name)};
        auto removed = co_await call(std::move(remove));
        if (!removed && removed.error().code != errc::not_found) {
            co_return removed.error();
        }
        tell_("removed the function " + name);
    }
    co_return result<void>();
}

// Whether the latest version of any group, this one too, names it.
asio::awaitable<result<bool>> group_applier::used_elsewhere(std::string section, std::string name) {
    auto groups = co_await reader_.list();
    if (!groups) {
        co_return groups.error();
    }
    for (const auto& each : *groups) {
        auto loaded = co_await reader_.load(text_of(each, "Id"));
        if (!loaded) {
            co_return loaded.error();
        }
        if (!*loaded) {
            continue;
        }
        for (const auto* kind : all_sections) {
            const bool of_functions = std::string_view(kind) == "functions";
            if (of_functions != (section == "functions")) {
                continue;
            }
            for (const auto* part : group_file::parts_of((*loaded)->group, kind)) {
                if (text_of(*part, of_functions ? "name" : "thing") == name) {
                    co_return true;
                }
            }
        }
    }
    co_return false;
}

asio::awaitable<result<void>> group_applier::remove_thing(std::string thing) {
    auto attached = co_await reader_.certificates(thing);
    if (!attached) {
        co_return attached.error();
    }
    const auto path = "/things/" + percent_encode(thing);
    const auto ids = attached->value_or(std::vector<std::string>());
    for (const auto& id : ids) {
        const auto arn = bound_.whose.certificate_arn(id);
        api_call detach{"DetachThingPrincipal", "iot", "DELETE", path + "/principals"};
        detach.headers.emplace_back("x-amzn-principal", arn);
        auto detached = co_await call(std::move(detach));
        if (!detached) {
            co_return detached.error();
        }
        api_call others{"ListPrincipalThings", "iot", "GET", "/principals/things"};
        others.headers.emplace_back("x-amzn-principal", arn);
        auto left = co_await call(std::move(others));
        if (!left) {
            co_return left.error();
        }
        if (const auto* things = array_member(*left, "things"); things && !things->empty()) {
            tell_("kept the certificate " + id + ": another thing has it");
            continue;
        }
        api_call retire{"UpdateCertificate", "iot", "PUT",
                        "/certificates/" + id + "?newStatus=INACTIVE"};
        auto retired = co_await call(std::move(retire));
        if (!retired) {
            co_return retired.error();
        }
        api_call remove{"DeleteCertificate", "iot", "DELETE",
                        "/certificates/" + id + "?forceDelete=true"};
        auto removed = co_await call(std::move(remove));
        if (!removed) {
            co_return removed.error();
        }
    }
    api_call remove{"DeleteThing", "iot", "DELETE", path};
    auto removed = co_await call(std::move(remove));
    if (!removed && removed.error().code != errc::not_found) {
        co_return removed.error();
    }
    tell_("removed the thing " + thing + " and its certificates");
    co_return result<void>();
}

}  // namespace evergrass::cli
