#include "apps/evergrass/group_import.hpp"

#include "apps/evergrass/failure.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/group_file/import.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>

namespace evergrass::cli {
namespace {

struct import_arguments {
    std::vector<std::filesystem::path> files;
    std::vector<std::string> parameters;
    bool json = false;
};

result<group_file::import_options> options_of(const import_arguments& arguments) {
    group_file::import_options options;
    for (const auto& each : arguments.parameters) {
        const auto equals = each.find('=');
        if (equals == each.npos || equals == 0) {
            return error{errc::invalid_input, "--parameter " + each + ": say NAME=VALUE"};
        }
        options.parameters[each.substr(0, equals)] = each.substr(equals + 1);
    }
    return options;
}

int run_import(const import_arguments& arguments) {
    const auto options = options_of(arguments);
    if (!options) {
        return say_failure(options.error());
    }
    std::vector<group_file::source_file> sources;
    for (const auto& file : arguments.files) {
        const auto text = read_file(file, 4 * 1024 * 1024);
        auto read = text ? group_file::parse_yaml(*text) : text.error();
        if (!read) {
            auto why = read.error();
            why.context = text ? file.string() + ":" + why.context : why.context;
            return say_failure(why);
        }
        sources.push_back({file.string(), std::move(*read)});
    }
    auto made = group_file::import_any(sources, *options);
    if (!made) {
        auto why = made.error();
        why.context = (sources.size() == 1 ? sources[0].name + ":" : "") + why.context;
        return say_failure(why);
    }
    for (const auto& note : made->notes) {
        std::cerr << "evergrass: " << note << "\n";
    }
    std::cout << (arguments.json ? to_pretty_json(made->group) : group_file::to_text(made->group));
    return 0;
}

}  // namespace

void add_group_import(CLI::App& group, verbs& all) {
    auto arguments = std::make_shared<import_arguments>();
    auto* made = group.add_subcommand(
        "import",
        "Print a template of CloudFormation, a greengo.yaml, or saved answers of the AWS CLI as a "
        "group file; what can't be kept is said on standard error");
    made->add_option("FILE", arguments->files, "One template, or all answers of one group")
        ->required();
    made->add_option("--parameter", arguments->parameters,
                     "A parameter of the template, NAME=VALUE; AWS::Region and AWS::AccountId too")
        ->type_name("K=V")
        ->allow_extra_args(false);
    made->add_flag("--json", arguments->json, "Print it as JSON");
    all.push_back({made, [arguments] { return run_import(*arguments); }, true});
}

}  // namespace evergrass::cli
