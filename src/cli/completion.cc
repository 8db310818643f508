// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/completion.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "cli/command_table.h"

namespace arcella::cli {
namespace {

// The options of every command; of two names the long one.
std::vector<OptionSyntax> options_of_every_command() {
  std::vector<OptionSyntax> options;
  for (const GlobalOption& option : global_options()) {
    const Syntax syntax = parse_syntax(option.syntax.substr(option.syntax.find("--")));
    options.insert(options.end(), syntax.options.begin(), syntax.options.end());
  }
  return options;
}

// What the words before the cursor say.
struct Scan {
  const Command* command = nullptr;
  bool unknown_command = false;
  Syntax syntax;
  std::vector<std::string> positionals;  // without the command
  std::vector<std::string> given;        // options that stand there already
  std::optional<OptionSyntax> pending;   // the word at the cursor is its value
  bool rest = false;                     // behind `--`
  CompletionSources::Daemon daemon;
};

const OptionSyntax* find_option(const std::vector<OptionSyntax>& options, std::string_view name) {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [&](const OptionSyntax& option) { return option.name == name; });
  return found == options.end() ? nullptr : &*found;
}

class Completer {
 public:
  Completer(std::string_view partial, CompletionSources& sources,
            std::span<const ExtraCommand> extra)
      : partial_(partial), sources_(sources), extra_(extra), globals_(options_of_every_command()) {}

  Completion complete(std::span<const std::string> words) {
    for (const std::string& word : words) read(word);
    if (!scan_.rest && !scan_.unknown_command) offer();
    std::sort(made_.candidates.begin(), made_.candidates.end(),
              [](const Candidate& a, const Candidate& b) { return a.text < b.text; });
    const auto end =
        std::unique(made_.candidates.begin(), made_.candidates.end(),
                    [](const Candidate& a, const Candidate& b) { return a.text == b.text; });
    made_.candidates.erase(end, made_.candidates.end());
    return std::move(made_);
  }

 private:
  void read(const std::string& word) {
    if (scan_.rest) return;
    if (scan_.pending) {
      take_value(scan_.pending->name, word);
      scan_.pending = std::nullopt;
    } else if (word == "--") {
      scan_.rest = true;
    } else if (word.size() > 1 && word.front() == '-') {
      read_option(word);
    } else if (scan_.command == nullptr) {
      auto found = find_command(word);
      scan_.unknown_command = !found.has_value();
      if (scan_.unknown_command) return;
      scan_.command = *found;
      scan_.syntax = parse_syntax(scan_.command->syntax);
    } else {
      scan_.positionals.push_back(word);
    }
  }
  void read_option(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    scan_.given.push_back(name);
    if (equals != std::string::npos) {
      take_value(name, word.substr(equals + 1));
    } else if (const OptionSyntax* option = known(name); option != nullptr && option->takes_value) {
      scan_.pending = *option;
    }
  }
  void take_value(std::string_view name, const std::string& value) {
    if (name == "--home") scan_.daemon.home = value;
    if (name == "--socket") scan_.daemon.socket = value;
  }
  [[nodiscard]] const OptionSyntax* known(std::string_view name) const {
    const OptionSyntax* option = find_option(scan_.syntax.options, name);
    return option != nullptr ? option : find_option(globals_, name);
  }

  void offer() {
    if (scan_.pending) {
      offer_value(*scan_.pending);
    } else if (const std::size_t equals = partial_.find('=');
               partial_.starts_with("--") && equals != std::string_view::npos) {
      offer_value_behind(equals);
    } else if (partial_.starts_with('-')) {
      offer_options();
    } else if (scan_.command == nullptr) {
      offer_commands();
    } else {
      offer_positional();
    }
  }
  // --home=/x: the candidates are whole words.
  void offer_value_behind(std::size_t equals) {
    const std::string_view word = partial_;
    const OptionSyntax* option = known(word.substr(0, equals));
    if (option == nullptr || !option->takes_value) return;
    partial_ = word.substr(equals + 1);
    offer_value(*option);
    made_.place = Place::Text;  // a shell's own file names would lack the option
    for (Candidate& candidate : made_.candidates) {
      candidate.text.insert(0, word.substr(0, equals + 1));
    }
  }
  void offer_value(const OptionSyntax& option) {
    for (const std::string& word : option.words) add({word, "", true});
    offer_place(option.value);
  }
  void offer_options() {
    for (const OptionSyntax& option : scan_.syntax.options) add({option.name, "", true});
    for (const OptionSyntax& option : globals_) {
      if (std::find(scan_.given.begin(), scan_.given.end(), option.name) == scan_.given.end()) {
        add({option.name, "", true});
      }
    }
  }
  void offer_commands() {
    for (const Command& command : commands()) {
      add({std::string(command.name), std::string(command.summary), true});
    }
    for (const ExtraCommand& command : extra_) {
      add({std::string(command.name), std::string(command.summary), true});
    }
  }
  // The place that is next, and those after it that are reached by leaving out what may be.
  void offer_positional() {
    const std::vector<Positional>& places = scan_.syntax.positionals;
    if (places.empty()) return;
    std::size_t next = scan_.positionals.size();
    if (next >= places.size()) {
      if (!places.back().repeated) return;
      next = places.size() - 1;
    }
    // Words that may each be left out may come in any order, as the sections of `list`.
    while (next > 0 && is_free_word(places[next]) && is_free_word(places[next - 1])) --next;
    for (; next < places.size(); ++next) {
      for (const std::string& word : places[next].words) {
        const auto& given = scan_.positionals;
        if (std::find(given.begin(), given.end(), word) == given.end()) add({word, "", true});
      }
      for (Place place : places[next].places) offer_place(place);
      if (!places[next].optional) break;
    }
  }
  static bool is_free_word(const Positional& place) {
    return place.optional && place.places.empty() && !place.words.empty();
  }

  void offer_place(Place place) {
    switch (place) {
      case Place::Text:
        break;
      case Place::Component:
      case Place::Deployment:
      case Place::Group:
        for (Candidate& name : sources_.names(place, scan_.daemon)) add(std::move(name));
        break;
      case Place::Instance:
        offer_instances();
        break;
      case Place::File:
      case Place::Folder:
        made_.place = place;
        for (Candidate& file : sources_.files(std::string(partial_), place)) add(std::move(file));
        break;
      case Place::Command:
        offer_commands();
        break;
      case Place::Function:
        if (scan_.positionals.empty()) break;
        for (Candidate& name : sources_.functions(scan_.positionals.front(), scan_.daemon)) {
          add(std::move(name));
        }
        break;
    }
  }
  // Numbers of the deployment's instances: "calc/0" is 0.
  void offer_instances() {
    if (scan_.positionals.empty()) return;
    const std::string prefix = scan_.positionals.front() + "/";
    for (Candidate& name : sources_.names(Place::Instance, scan_.daemon)) {
      if (!name.text.starts_with(prefix)) continue;
      name.text.erase(0, prefix.size());
      add(std::move(name));
    }
  }

  // A file's name may hold what a terminal obeys; nobody types that.
  void add(Candidate candidate) {
    if (!candidate.text.starts_with(partial_) || inert(candidate.text) != candidate.text) return;
    made_.candidates.push_back(std::move(candidate));
  }

  std::string_view partial_;
  CompletionSources& sources_;
  std::span<const ExtraCommand> extra_;
  std::vector<OptionSyntax> globals_;
  Scan scan_;
  Completion made_;
};

}  // namespace

Completion complete(std::span<const std::string> words, std::string_view partial,
                    CompletionSources& sources, std::span<const ExtraCommand> extra) {
  return Completer(partial, sources, extra).complete(words);
}

std::string common_prefix(std::span<const Candidate> candidates) {
  if (candidates.empty()) return {};
  std::string_view prefix = candidates.front().text;
  for (const Candidate& candidate : candidates) {
    const auto [end, other] =
        std::mismatch(prefix.begin(), prefix.end(), candidate.text.begin(), candidate.text.end());
    prefix = prefix.substr(0, static_cast<std::size_t>(end - prefix.begin()));
  }
  return std::string(prefix);
}

}  // namespace arcella::cli
