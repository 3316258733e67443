#include "apps/evergrass/device_bundle.hpp"

#include "apps/evergrass/adopt_service.hpp"
#include "apps/evergrass/failure.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>
#include <optional>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;

struct bundle_options {
    adopt_options service;  // endpoints, service and ca_file of it
    std::string thing;
    std::string group;  // empty: looked for
    fs::path out;
    bool json = false;
};

api_call get(std::string operation, std::string target) {
    return {.operation = std::move(operation),
            .signing_name = "greengrass",
            .method = "GET",
            .target = std::move(target)};
}

struct found_group {
    std::string id;
    std::string core;
};

class bundler {
public:
    bundler(const bundle_options& options, adopting_service& service)
        : options_(options), service_(service) {}

    result<json::object> make() {
        const auto group = find_group();
        if (!group) {
            return group.error();
        }
        const auto authorities = certificates_of(group->id);
        if (!authorities) {
            return authorities.error();
        }
        const auto addresses = addresses_of(group->core);
        if (!addresses) {
            return addresses.error();
        }
        if (auto made = make_directories(options_.out, 0755); !made) {
            return made.error();
        }
        for (const auto& [name, text] :
             {std::pair<std::string, std::string>{"group-ca.pem", *authorities},
              std::pair<std::string, std::string>{"service-ca.pem", service_.ca_pem()},
              std::pair<std::string, std::string>{"README.txt", readme(*group, *addresses)}}) {
            if (auto written = write_file_atomically(options_.out / name, text); !written) {
                return written.error();
            }
        }
        json::array at;
        for (const auto& address : *addresses) {
            at.emplace_back(address);
        }
        return json::object{{"thing", options_.thing},
                            {"group", group->id},
                            {"core", group->core},
                            {"addresses", std::move(at)},
                            {"folder", options_.out.string()}};
    }

private:
    // Every list of the API comes in pages.
    template <class Use>
    result<void> each_of(const std::string& operation, const std::string& path,
                         std::string_view list, Use use) {
        std::string next;
        do {
            const auto page = service_.call(
                get(operation, path + (next.empty() ? "" : "?NextToken=" + percent_encode(next))));
            if (!page) {
                return page.error();
            }
            if (const auto* all = array_member(*page, list)) {
                for (const auto& one : *all) {
                    if (one.is_object()) {
                        if (auto used = use(one.get_object()); !used) {
                            return used;
                        }
                    }
                }
            }
            next = string_member(*page, "NextToken").value_or("");
        } while (!next.empty());
        return {};
    }

    // The names of things in a definition that the group's version refers to.
    result<json::array> elements(const json::object& version, std::string_view reference,
                                 std::string_view kind, std::string_view list) {
        const auto arn = string_member(version, reference).value_or("");
        const auto at = arn.find("/definition/");
        if (at == std::string::npos) {
            return json::array();
        }
        const auto answer = service_.call(
            get("GetDefinitionVersion of " + std::string(kind), "/greengrass" + arn.substr(at)));
        if (!answer) {
            return answer.error();
        }
        const auto* definition = object_member(*answer, "Definition");
        const auto* all = definition != nullptr ? array_member(*definition, list) : nullptr;
        return all != nullptr ? *all : json::array();
    }

    static std::string thing_of(const json::value& element) {
        const auto* object = element.if_object();
        const auto arn =
            object != nullptr ? string_member(*object, "ThingArn").value_or("") : std::string();
        return arn.substr(arn.rfind('/') + 1);
    }

    result<std::optional<found_group>> look_into(const json::object& group) {
        const auto id = string_member(group, "Id").value_or("");
        const auto version = string_member(group, "LatestVersion").value_or("");
        if (version.empty()) {
            return std::optional<found_group>();
        }
        const auto answer = service_.call(
            get("GetGroupVersion", "/greengrass/groups/" + id + "/versions/" + version));
        if (!answer) {
            return answer.error();
        }
        const auto* definition = object_member(*answer, "Definition");
        if (definition == nullptr) {
            return std::optional<found_group>();
        }
        const auto devices =
            elements(*definition, "DeviceDefinitionVersionArn", "devices", "Devices");
        if (!devices) {
            return devices.error();
        }
        for (const auto& device : *devices) {
            if (thing_of(device) == options_.thing) {
                const auto cores =
                    elements(*definition, "CoreDefinitionVersionArn", "cores", "Cores");
                if (!cores) {
                    return cores.error();
                }
                return std::optional(
                    found_group{id, cores->empty() ? "" : thing_of(cores->front())});
            }
        }
        return std::optional<found_group>();
    }

    result<found_group> find_group() {
        std::vector<found_group> found;
        auto looked = each_of(
            "ListGroups", "/greengrass/groups", "Groups",
            [&](const json::object& group) -> result<void> {
                if (!options_.group.empty() && string_member(group, "Id") != options_.group) {
                    return {};
                }
                auto one = look_into(group);
                if (!one) {
                    return one.error();
                }
                if (*one) {
                    found.push_back(std::move(**one));
                }
                return {};
            });
        if (!looked) {
            return looked.error();
        }
        if (found.empty()) {
            return error{errc::not_found, "no group" +
                                              (options_.group.empty() ? "" : " " + options_.group) +
                                              " has the device " + options_.thing};
        }
        if (found.size() > 1) {
            return error{errc::conflict, options_.thing + " is in " + std::to_string(found.size()) +
                                             " groups, " + found[0].id + " and " + found[1].id +
                                             " among them: say which with --group"};
        }
        return found.front();
    }

    // All that count, the newest first: during a change of the CA there are two.
    result<std::string> certificates_of(const std::string& group) {
        std::string pem;
        const auto path = "/greengrass/groups/" + group + "/certificateauthorities";
        auto read = each_of(
            "ListGroupCertificateAuthorities", path, "GroupCertificateAuthorities",
            [&](const json::object& one) -> result<void> {
                auto whole = service_.call(get(
                    "GetGroupCertificateAuthority",
                    path + "/" + string_member(one, "GroupCertificateAuthorityId").value_or("")));
                if (!whole) {
                    return whole.error();
                }
                pem += string_member(*whole, "PemEncodedCertificate").value_or("");
                return {};
            });
        if (!read) {
            return read.error();
        }
        if (pem.empty()) {
            return error{errc::not_found, "group " + group +
                                              " has no CA yet: it gets one with its first "
                                              "deployment"};
        }
        return pem;
    }

    result<std::vector<std::string>> addresses_of(const std::string& core) {
        std::vector<std::string> out;
        const auto answer =
            service_.call(get("GetConnectivityInfo",
                              "/greengrass/things/" + percent_encode(core) + "/connectivityInfo"));
        if (!answer) {
            return answer.error();
        }
        if (const auto* all = array_member(*answer, "ConnectivityInfo")) {
            for (const auto& one : *all) {
                if (const auto* at = one.if_object()) {
                    out.push_back(string_member(*at, "HostAddress").value_or("") + ":" +
                                  std::to_string(int_member(*at, "PortNumber").value_or(8883)));
                }
            }
        }
        return out;
    }

    std::string readme(const found_group& group, const std::vector<std::string>& addresses) const {
        std::string text =
            "For the device " + options_.thing + ", in group " + group.id +
            "\n\n"
            "group-ca.pem    takes the place of the group CA that the device has in its files.\n"
            "                Where its program takes several CAs in one file, add it to the old "
            "one\n"
            "                and the device can talk to the old core and to the new one.\n"
            "service-ca.pem  takes the place of Amazon's root CA, if the device discovers.\n\n"
            "Certificate, key and client id of the device stay as they are.\n\n"
            "The core " +
            group.core + " listens at\n";
        for (const auto& address : addresses) {
            text += "  " + address + "\n";
        }
        return addresses.empty() ? text + "  (it has not told an address yet)\n" : text;
    }

    const bundle_options& options_;
    adopting_service& service_;
};

int run_bundle(const bundle_options& options) {
    const auto fail = [](const error& why) {
        std::cerr << "evergrass device bundle: " << failure_text(why) << "\n";
        return 1;
    };
    auto service = adopting_service::make(options.service, "us-east-1");
    if (!service) {
        return fail(service.error());
    }
    const auto made = bundler(options, **service).make();
    if (!made) {
        return fail(made.error());
    }
    if (options.json) {
        std::cout << to_pretty_json(*made);
    } else {
        std::cout << options.out.string()
                  << " has group-ca.pem, service-ca.pem and README.txt, which says what to do with "
                     "them. No key is in it.\n";
    }
    return 0;
}

}  // namespace

void add_device_bundle(CLI::App& app, verbs& all) {
    // Other verbs of devices may have made it.
    const auto there =
        app.get_subcommands([](const CLI::App* each) { return each->get_name() == "device"; });
    auto* device = there.empty() ? nullptr : there.front();
    if (device == nullptr) {
        device = app.add_subcommand("device", "Devices of the service's groups");
        device->require_subcommand(1);
    }
    const auto options = std::make_shared<bundle_options>();
    auto* bundle = device->add_subcommand(
        "bundle",
        "Write what a device needs that has its group's CA in files: the new CA, and what to do");
    bundle->add_option("THING", options->thing, "The device's thing")->required();
    bundle->add_option("--out", options->out, "The folder to write; made when missing")
        ->required()
        ->type_name("DIR");
    bundle->add_option("--group", options->group, "Its group, where it is in several")
        ->type_name("ID");
    bundle->add_option("--service", options->service.service, "https://HOST:PORT of the APIs")
        ->type_name("URL");
    bundle->add_option("--ca", options->service.ca_file, "What signs the service's certificate")
        ->type_name("FILE");
    bundle
        ->add_option("--endpoints", options->service.endpoints,
                     "An endpoints.json instead of these two and a key")
        ->type_name("FILE");
    bundle->add_flag("--json", options->json, "Print one JSON object");
    all.push_back({bundle, [options] { return run_bundle(*options); }});
}

}  // namespace evergrass::cli
