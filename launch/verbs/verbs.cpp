#include "launch/verbs/verbs.h"

#include <cctype>
#include <charconv>
#include <vector>

#include "core/error.h"
#include "core/nearest_name.h"

namespace samsr {
namespace {

/// The verb that the arguments name, and how many of them that takes. UserError for a misspelt one.
CLI::App& named_verb(CLI::App& app, const std::vector<std::string>& arguments, std::size_t& taken) {
  CLI::App* level = &app;
  for (taken = 0; taken < arguments.size(); ++taken) {
    const std::string& verb = arguments[taken];
    std::vector<std::string> known;
    CLI::App* next = nullptr;
    for (CLI::App* each : level->get_subcommands({})) {
      next = each->get_name() == verb ? each : next;
      known.push_back(each->get_name());
    }
    if (known.empty() || verb.empty() || verb.starts_with("-")) {
      break;
    }
    if (next == nullptr) {
      const std::string group = level == &app ? "" : " of '" + level->get_name() + "'";
      throw UserError("unknown verb '{}'{}{}; see --help", verb, group, did_you_mean(verb, known));
    }
    level = next;
  }
  return *level;
}

/// What to say of an option, or of a file or folder without one, whose value is empty.
std::string empty_value(const CLI::Option& option) {
  return fmt::format("{} is empty: give it a value{}; is a variable of the command line not set?", option.get_name(),
                     option.get_required() ? "" : ", or leave it out");
}

[[noreturn]] void refuse_unknown(const CLI::App& verb, const std::string& name) {
  std::vector<std::string> known;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& each : option->get_lnames()) {
      known.push_back("--" + each);
    }
  }
  const std::string near = did_you_mean(name, known);
  const bool path = near.empty() && !name.starts_with("--");
  throw UserError("unknown option '{}'{}{}; see --help", name, near,
                  path ? "; a path that begins with a dash is written ./" + name : "");
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_min() > 0; }

/// UserError for options that `verb` lacks, and for `--option=` with nothing behind it, where CLI11 takes the next
/// argument.
void check_options(const CLI::App& verb, const std::vector<std::string>& arguments, std::size_t first) {
  for (std::size_t i = first; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      return;
    }
    const bool number = argument.size() > 1 && std::isdigit(static_cast<unsigned char>(argument[1])) != 0;
    if (argument.size() < 2 || argument[0] != '-' || number) {
      continue;
    }
    const std::size_t equals = argument.starts_with("--") ? argument.find('=') : std::string::npos;
    const std::string name = argument.substr(0, equals);
    const CLI::Option* option = verb.get_option_no_throw(name);
    if (option == nullptr) {
      refuse_unknown(verb, name);
    }
    if (equals != std::string::npos && equals + 1 == argument.size() && takes_value(*option)) {
      throw UserError("{}", empty_value(*option));
    }
    i += equals == std::string::npos && takes_value(*option) ? 1 : 0;  // its value may begin with a dash
  }
}

/// Lets the parser refuse empty values: what is left of a variable that is not set.
void refuse_empty_values(CLI::App& verb) {
  for (CLI::Option* option : verb.get_options()) {
    if (takes_value(*option)) {
      option->check([option](const std::string& value) {
        return value.empty() ? throw UserError("{}", empty_value(*option)) : std::string();
      });
    }
  }
}

}  // namespace

void check_command_line(CLI::App& app, int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  std::size_t taken = 0;
  CLI::App& verb = named_verb(app, arguments, taken);
  if (&verb != &app) {
    check_options(verb, arguments, taken);
  }
  refuse_empty_values(verb);
}

std::function<std::string(const std::string&)> whole_number(std::int64_t least) {
  return [least](const std::string& text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool read = error == std::errc() && end == text.data() + text.size();
    return read && value >= least ? std::string()
                                  : fmt::format("expected a whole number of at least {}, found '{}'", least, text);
  };
}

}  // namespace samsr
