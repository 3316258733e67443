#pragma once

#include "libs/base/result.hpp"
#include "libs/base/secret_text.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::cli {

// Before the first value is read: memory for values is reserved, and no core dump has them. Says on
// standard error, after `who`, where the system does not grant it. Asking again does no harm.
void protect_values(std::string_view who);

// The longest value of a secret, in bytes, as AWS Secrets Manager has it.
inline constexpr std::size_t longest_secret = 65536;

enum class typed { once, twice };

// A line that is typed after `question` and not shown, at the terminal of this process or, where it
// has none, at standard input; may be empty. `twice` asks for it again. An error: the same did not
// come twice, the input ended, or Ctrl-C; the terminal shows what is typed again in each case.
// Blocks. REQUIRES: standard input is a terminal.
result<secret_text> ask_unseen(const std::string& question, typed how);

// A value from `file`; without one (or "-") from standard input. Where that is a terminal it is
// asked for there, twice and without showing it, unless `binary`: then an error that says what to
// do, as for an empty value. A line break at the end of what comes by a pipe is dropped unless
// `binary`: echo and people who type put it there. errc::too_large: over longest_secret.
//
// Where it was on its way into the answer is wiped.
result<secret_text> read_secret_value(const std::optional<std::filesystem::path>& file,
                                      bool binary);

}  // namespace evergrass::cli
