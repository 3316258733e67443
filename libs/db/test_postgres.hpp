#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace evergrass::db {

// A PostgreSQL server for tests, on a socket in a folder of its own, where Debian's package is
// installed. It ends with this object, or with the process.
class test_postgres {
public:
    test_postgres() {
        const auto programs = find_programs();
        if (programs.empty()) {
            return;
        }
        std::string pattern = "/tmp/evergrass-pg-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) {
            return;
        }
        folder_ = pattern;
        programs_ = programs;
        // PostgreSQL runs for nobody who is root.
        if (::getuid() == 0 && ::chown(folder_.c_str(), nobody, nobody) != 0) {
            return;
        }
        const auto log = " >" + folder_ + "/made.log 2>&1";
        is_there_ = run(programs_ + "/initdb -D " + folder_ +
                        "/data -U evergrass -A trust --locale=C -E UTF8 -N" + log) == 0 &&
                    start();
    }

    ~test_postgres() {
        stop();
        if (!folder_.empty()) {
            std::filesystem::remove_all(folder_);
        }
    }

    test_postgres(const test_postgres&) = delete;
    test_postgres& operator=(const test_postgres&) = delete;

    bool is_there() const { return is_there_; }

    std::string url(const std::string& database) const {
        return "postgresql:///" + database + "?host=" + folder_ + "&user=evergrass";
    }

    // A database that nobody has used; its URL.
    std::string new_database(const std::string& options = {}) {
        const auto name = "test" + std::to_string(++made_);
        execute("CREATE DATABASE " + name + " " + options);
        return url(name);
    }

    void execute(const std::string& sql, const std::string& database = "postgres") {
        std::ofstream(folder_ + "/asked.sql") << sql;
        EXPECT_EQ(run(programs_ + "/psql -q -h " + folder_ + " -U evergrass -f " + folder_ +
                      "/asked.sql " + database + " >/dev/null"),
                  0)
            << sql;
    }

    // As a crash: what was not on the disk is gone.
    void stop() {
        if (lifeline_ >= 0) {
            ::close(lifeline_);
            lifeline_ = -1;
            ::waitpid(child_, nullptr, 0);
        }
    }

    bool start() {
        int ends[2];
        if (::pipe(ends) != 0) {
            return false;
        }
        // It ends when the pipe does, however this process ends.
        const auto script = programs_ + "/postgres -D " + folder_ + "/data -k " + folder_ +
                            " -c listen_addresses= -c fsync=off >>" + folder_ +
                            "/server.log 2>&1 <&- & server=$!; cat; kill -QUIT $server; wait";
        child_ = ::fork();
        if (child_ == 0) {
            ::close(ends[1]);
            ::dup2(ends[0], 0);
            become(script);
        }
        ::close(ends[0]);
        lifeline_ = ends[1];
        return run("for i in $(seq 600); do " + programs_ + "/pg_isready -q -h " + folder_ +
                   " && exit 0; sleep 0.1; done; exit 1") == 0;
    }

private:
    static constexpr unsigned nobody = 65534;

    static std::string find_programs() {
        std::error_code missing;
        std::string found;
        for (const auto& each :
             std::filesystem::directory_iterator("/usr/lib/postgresql", missing)) {
            const auto folder = each.path() / "bin";
            if (std::filesystem::exists(folder / "initdb", missing)) {
                found = folder.string();
            }
        }
        return found;
    }

    [[noreturn]] static void become(const std::string& script) {
        for (int file = 3; file < 1024; ++file) {
            ::close(file);  // of a lifeline, the writing end
        }
        if (::getuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) {
            ::_exit(126);
        }
        if (::chdir("/") != 0) {
            ::_exit(126);
        }
        ::execl("/bin/sh", "sh", "-c", script.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }

    static int run(const std::string& script) {
        const auto child = ::fork();
        if (child == 0) {
            become(script);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        return status;
    }

    std::string folder_;
    std::string programs_;
    bool is_there_ = false;
    int lifeline_ = -1;
    pid_t child_ = -1;
    int made_ = 0;
};

constexpr const char* no_postgres = "PostgreSQL's server is not installed (postgresql-15)";

}  // namespace evergrass::db
