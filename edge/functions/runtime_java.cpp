#include "edge/functions/runtime_table.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

namespace evergrass::edge::functions {

namespace {

constexpr std::string_view prefix = "java";
constexpr std::string_view amazon_linux = ".al2";  // "java8.al2": the same on another system

std::optional<int> parse_number(std::string_view text) {
    int number = 0;
    const auto* end = text.data() + text.size();
    const auto [last, failure] = std::from_chars(text.data(), end, number);
    if (text.empty() || failure != std::errc{} || last != end || number < 0) {
        return std::nullopt;
    }
    return number;
}

// "java8" -> 8.
std::optional<int> version_of_name(std::string_view name) {
    if (!name.starts_with(prefix)) {
        return std::nullopt;
    }
    return parse_number(name.substr(prefix.size()));
}

std::optional<int> version_of_runtime(std::string_view runtime) {
    if (runtime.ends_with(amazon_linux)) {
        runtime.remove_suffix(amazon_linux.size());
    }
    const auto number = version_of_name(runtime);
    return number && *number >= 8 ? number : std::nullopt;
}

// `openjdk version "17.0.15" 2025-04-15` -> 17, `java version "1.8.0_362"` -> 8.
std::optional<int> version_of_output(std::string_view text) {
    constexpr std::string_view before = " version \"";
    const auto found = text.find(before);
    if (found == std::string_view::npos) {
        return std::nullopt;
    }
    text.remove_prefix(found + before.size());
    if (text.starts_with("1.")) {
        text.remove_prefix(2);
    }
    return parse_number(text.substr(0, text.find_first_not_of("0123456789")));
}

bool is_java(std::string_view runtime) {
    return version_of_runtime(runtime).has_value();
}

bool is_java_program(std::string_view name) {
    return name == prefix || version_of_name(name).has_value();
}

struct candidate {
    const interpreter* program = nullptr;
    int number = 0;
};

// Less is better: a program before a shim, then the nearest version, then the order of the search
// path.
std::array<int, 2> distance(const candidate& c, int wanted) {
    return {c.program->script ? 1 : 0, c.number - wanted};
}

struct search {
    std::optional<candidate> best;
    bool any = false;  // one is there, be it too old
};

std::optional<candidate> candidate_of(const interpreter& program, const host_programs& host) {
    auto number = version_of_name(program.name);
    if (!number) {
        number = version_of_output(host.version_of(program.path));
    }
    return number ? std::optional(candidate{&program, *number}) : std::nullopt;
}

search find_java(const host_programs& host, int wanted) {
    const auto named = std::string(prefix) + std::to_string(wanted);
    search found;
    for (const auto& program : host.interpreters) {
        if (program.name == named && !program.script) {
            found.best = candidate{&program, wanted};
            return found;
        }
    }
    for (const auto& program : host.interpreters) {
        if (!is_java_program(program.name)) {
            continue;
        }
        const auto c = candidate_of(program, host);
        found.any = found.any || c;
        if (c && c->number >= wanted &&
            (!found.best || distance(*c, wanted) < distance(*found.best, wanted))) {
            found.best = c;
        }
    }
    return found;
}

// The words up to the semicolon are V1's (spec/core.md §27).
error no_java(const search& found, int wanted) {
    const auto number = std::to_string(wanted);
    return {errc::not_found,
            (found.any ? "Installed Java version must be greater than or equal to " + number
                       : "Unable to find java or java" + number + " executables") +
                "; install Java " + number + " or newer so that it is in PATH or /usr/bin"};
}

// A JVM needs memory beside its heap: threads, code, classes. In a container, whose limit counts
// all of it, the heap gets what is left, and never less than half.
std::string heap_option(const contract::function& f) {
    constexpr std::int64_t beside_kb = 64 * 1024;
    constexpr std::int64_t least_kb = 8 * 1024;
    const auto heap = std::max({f.memory_size_kb - beside_kb, f.memory_size_kb / 2, least_kb});
    return "-Xmx" + std::to_string(heap) + "k";
}

void add_vm_options(const contract::function& f, std::vector<std::string>& arguments) {
    // Each saves time and memory at the start, and all of Java 8 to 25 know them.
    for (const auto* option : {"-XX:+UseSerialGC", "-Xshare:auto", "-XX:-UsePerfData"}) {
        arguments.emplace_back(option);
    }
    if (!f.pinned) {
        arguments.emplace_back("-XX:TieredStopAtLevel=1");  // it may not live to gain from more
    }
    // Java 8 to 17 take it from the locale, which workers don't have, and then know ASCII only.
    arguments.emplace_back("-Dfile.encoding=UTF-8");
    if (f.isolation_mode == contract::isolation::greengrass_container) {
        arguments.push_back(heap_option(f));
    }
}

// runtimes/java/archive.sh made it for one JVM. Another would not only refuse it but go without the
// archive of Java's own classes as well, and one that lacks its end would kill the JVM.
void add_archive(const std::filesystem::path& jars, const interpreter& program,
                 const host_programs& host, std::vector<std::string>& arguments) {
    const auto archive = jars / "evergrass-runtime.jsa";
    std::ifstream file(archive.string() + ".version");
    std::string made_for;
    std::uintmax_t size = 0;
    if (!std::getline(file, made_for) || !(file >> size)) {
        return;
    }
    std::error_code failure;
    if (std::filesystem::file_size(archive, failure) != size || failure ||
        host.version_of(program.path) != made_for) {
        return;
    }
    arguments.push_back("-XX:SharedArchiveFile=" + archive.string());
    // One that cannot be used, as after a copy of the jar, is no news for the function's log.
    arguments.emplace_back("-Xlog:cds=off");
    arguments.emplace_back("-Xlog:cds+dynamic=off");
}

// The function's directory is the worker's own, and its name, an ARN, holds colons.
std::string class_path(const std::filesystem::path& jars) {
    return (jars / "evergrass-runtime.jar").string() +
           ":.:lib/*:" + (jars / "evergrass-sdk.jar").string();
}

result<launch_plan> plan_java(const function_code& code, const host_programs& host) {
    const auto jars = host.runtime_dir / "java";
    std::error_code failure;
    if (!std::filesystem::exists(jars / "evergrass-runtime.jar", failure)) {
        return error{errc::unsupported,
                     "this build of the core runs no Java functions: " + jars.string() +
                         " has no evergrass-runtime.jar; build it where a JDK is installed"};
    }
    if (jars.string().find(':') != std::string::npos) {
        return error{errc::unsupported, "Java cannot read its class path from " + jars.string() +
                                            ", for the colon in the name; move the core"};
    }
    const int wanted = *version_of_runtime(code.f.runtime);
    const auto found = find_java(host, wanted);
    if (!found.best) {
        return no_java(found, wanted);
    }
    launch_plan plan;
    plan.program = found.best->program->path;
    plan.arguments = {found.best->program->name};
    add_vm_options(code.f, plan.arguments);
    add_archive(jars, *found.best->program, host, plan.arguments);
    for (auto& argument : {std::string("-cp"), class_path(jars),
                           std::string("com.amazonaws.greengrass.runtime.LambdaRuntime"),
                           "--handler=" + code.entry()}) {
        plan.arguments.push_back(argument);
    }
    add_exec_args(code.f, plan.arguments);
    if (found.best->number != wanted) {
        plan.remark = "The function asks for " + code.f.runtime + " and runs on Java " +
                      std::to_string(found.best->number) + ".";
    }
    return plan;
}

}  // namespace

const runtime java_runtime = {runtime_kind::java, is_java, is_java_program, plan_java};

}  // namespace evergrass::edge::functions
