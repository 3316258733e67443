#include "apps/doctor/report.hpp"

#include <gmock/gmock.h>

namespace evergrass::doctor {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<finding_group> groups_of(judgement last) {
    return {{"host", "This machine", {{"host.kernel", ok("Linux 6.1")}}},
            {"core", "The core", {{"core.key", std::move(last)}}}};
}

TEST(report, the_worst_finding_is_the_exit_status) {
    EXPECT_EQ(status_of(groups_of(ok(""))), 0);
    EXPECT_EQ(status_of(groups_of(skipped("why"))), 0);
    EXPECT_EQ(status_of(groups_of(warning("a", "b"))), 0);
    EXPECT_EQ(status_of(groups_of(warning("a", "b", ability::reduced))), 1);
    EXPECT_EQ(status_of(groups_of(failed("a", "b", ability::reduced))), 1);
    EXPECT_EQ(status_of(groups_of(failed("a", "b"))), 2);
}

TEST(report, people_read_what_to_do_below_what_is_wrong) {
    const auto groups = groups_of(failed("it is gone", "put it back"));
    EXPECT_EQ(text_of(groups[0], false),
              "This machine\n  OK       host.kernel               Linux 6.1\n");
    EXPECT_EQ(text_of(groups[1], false),
              "The core\n  failed   core.key                  it is gone\n" + std::string(37, ' ') +
                  "-> put it back\n");
    EXPECT_THAT(text_of(groups[1], true), HasSubstr("\x1b[31mfailed"));
    EXPECT_THAT(summary_of(groups), HasSubstr("cannot"));
    EXPECT_THAT(summary_of(groups), HasSubstr("1 failed, 0 warnings, 1 OK, 0 skipped"));
}

TEST(report, programs_read_every_check) {
    const auto answer = json_of(groups_of(failed("gone", "put back", ability::reduced)));
    EXPECT_EQ(answer.at("isolation"), "reduced");
    EXPECT_EQ(answer.at("exitStatus"), 1);
    const auto& last = answer.at("checks").as_array().back().as_object();
    EXPECT_EQ(last.at("id"), "core.key");
    EXPECT_EQ(last.at("status"), "failed");
    EXPECT_EQ(last.at("remedy"), "put back");
}

TEST(report, a_terminal_obeys_nothing_that_a_server_said) {
    EXPECT_EQ(printable("CN \x1b[2J\x07 gone\n\x7f"), "CN ?[2J? gone??");
    EXPECT_EQ(printable("M\u00fcnchen"), "M\u00fcnchen");
    EXPECT_EQ(printable("M\xfcnchen"), "M?nchen");
    struct facts {};
    const auto group = judge_all<facts>(
        "g", "", {}, {{"one", [](const facts&) { return failed("\x1b[31m", "\x1b[0m"); }}});
    EXPECT_EQ(group.findings.front().of.found, "?[31m");
    EXPECT_EQ(group.findings.front().of.remedy, "?[0m");
}

TEST(report, junit_holds_whatever_the_findings_say) {
    const auto xml = junit_of(groups_of(failed("a <b> & \"c\"\x01", "do\x1b it")), wall_time{});
    EXPECT_THAT(xml,
                HasSubstr("<testsuites name=\"evergrass doctor\" tests=\"2\" failures=\"1\">"));
    EXPECT_THAT(xml, HasSubstr("message=\"a &lt;b&gt; &amp; &quot;c&quot;\xef\xbf\xbd\""));
    EXPECT_THAT(xml, HasSubstr(">do\xef\xbf\xbd it</failure>"));
    EXPECT_THAT(junit_of(groups_of(warning("slow", "wait")), wall_time{}),
                HasSubstr("<system-out>warning: slow\nwait</system-out>"));
    EXPECT_THAT(junit_of(groups_of(skipped("no")), wall_time{}),
                HasSubstr("<skipped message=\"no\"/>"));
    EXPECT_THAT(junit_of(groups_of(warning("slow", "wait")), wall_time{}),
                Not(HasSubstr("<failure")));
}

}  // namespace
}  // namespace evergrass::doctor
