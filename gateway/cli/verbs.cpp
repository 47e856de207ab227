#include "gateway/cli/verbs.h"

#include "gateway/cli/bundle.h"
#include "gateway/cli/certificates.h"
#include "gateway/cli/companion.h"
#include "gateway/cli/conflicts.h"
#include "gateway/cli/dashboard.h"
#include "gateway/cli/doctor.h"
#include "gateway/cli/documents.h"
#include "gateway/cli/init.h"
#include "gateway/cli/inspect.h"
#include "gateway/cli/outbox.h"
#include "gateway/cli/serve.h"
#include "gateway/cli/tray.h"
#include "gateway/cli/verify.h"

namespace holdfast::cli {
namespace {

using Verbs = std::vector<Verb>;

Argument flag(std::string name, std::string help) {
  return {std::move(name), Takes::kNothing, "", std::move(help)};
}

Argument option(std::string name, std::string value, std::string help) {
  return {std::move(name), Takes::kText, std::move(value), std::move(help)};
}

Argument word(std::string name, std::string help) {
  return {std::move(name), Takes::kText, "", std::move(help), true};
}

Argument with(Argument argument, Takes takes) {
  argument.takes = takes;
  return argument;
}

Argument among(Argument argument, std::vector<std::string> choices) {
  argument.choices = std::move(choices);
  return argument;
}

Argument needed(Argument argument) {
  argument.required = true;
  return argument;
}

const std::vector<std::string>& entry_states() {
  static const std::vector<std::string> states = {
      "queued",  "sending", "waiting",  "held",         "blocked",  "uncertain",
      "stalled", "dead",    "conflict", "acknowledged", "resolved", "discarded"};
  return states;
}

std::vector<std::string> listed_states() {
  std::vector<std::string> states = entry_states();
  states.emplace_back("unfinished");
  return states;
}

Verbs gateway_verbs() {
  return {
      {"serve",
       "Run the gateway",
       {with(option("--port", "PORT", "Port to listen on; 0 picks a free one"), Takes::kPort),
        with(option("--tls-port", "PORT", "Port of HTTPS, beside it; 0 picks a free one"),
             Takes::kPort),
        option("--upstream", "URL", "URL of the Supabase project"),
        option("--key", "KEY", "Its publishable or anon key")},
       [](const CommonOptions& common, const Given& given) {
         ServeOptions options;
         options.upstream_url = given.text("--upstream");
         options.key = given.text("--key");
         if (given.has("--port")) options.port = given.number("--port", 0);
         if (given.has("--tls-port")) options.tls_port = given.number("--tls-port", 0);
         return serve(common, options);
       }},
      {"demo",
       "Run a gateway with sample data and a link to switch off",
       {},
       [](const CommonOptions& common, const Given&) { return demo(common); }},
      {"status",
       "Show the state of the gateway, or of its folder",
       {},
       [](const CommonOptions& common, const Given&) { return status(common); }},
      {"dashboard",
       "Print a one-time link to the dashboard of the running gateway",
       {},
       [](const CommonOptions& common, const Given&) { return dashboard(common); }},
      {"tray",
       "Show the gateway's state beside the clock, and start it where none runs",
       {},
       [](const CommonOptions& common, const Given&) { return tray(common); }},
      {"sync",
       "Send and pull now",
       {flag("--wait", "Until nothing is left to send and every table is here"),
        with(option("--timeout", "SECONDS", "How long to wait; default: as long as it takes"),
             Takes::kNumber)},
       [](const CommonOptions& common, const Given& given) {
         return sync(common, {given.has("--wait"), given.number("--timeout", 0)});
       }},
      {"verify",
       "Prove that no record of the journal was altered or removed",
       {flag("--upstream", "Compare every replica with the upstream instead, row by row")},
       [](const CommonOptions& common, const Given& given) {
         return given.has("--upstream") ? verify_upstream(common) : verify(common);
       }},
  };
}

Verb outbox_change_verb(const std::string& action, const std::string& help) {
  return {"outbox " + action,
          help,
          {{"id", Takes::kText, "", "Its id; or say which by the options"},
           option("--reason", "TEXT", "All whose reason has this in it, such as 23514"),
           option("--table", "TABLE", "All of this table"),
           among(option("--state", "STATE", "All in this state; default: dead"), entry_states()),
           flag("--all", "All dead letters")},
          [action](const CommonOptions& common, const Given& given) {
            const EntryChoice choice{given.text("id"), given.text("--reason"),
                                     given.text("--table"), given.text("--state"),
                                     given.has("--all")};
            return outbox_change(common, choice, action);
          }};
}

Verbs outbox_verbs() {
  return {
      {"outbox list",
       "List them",
       {among(option("--state", "STATE", "Only those in this state"), listed_states())},
       [](const CommonOptions& common, const Given& given) {
         return outbox_list(common, given.text("--state"));
       }},
      {"outbox show",
       "Show one",
       {word("id", "Its id")},
       [](const CommonOptions& common, const Given& given) {
         return outbox_show(common, given.text("id"));
       }},
      outbox_change_verb("retry", "Send it, or all that fit, again"),
      outbox_change_verb("discard", "Give it, or them, up"),
      {"outbox release",
       "Send one that is held because its writer's claims have changed",
       {word("id", "Its id")},
       [](const CommonOptions& common, const Given& given) {
         EntryChoice choice;
         choice.id = given.text("id");
         return outbox_change(common, choice, "release");
       }},
      {"outbox edit",
       "Send it with another body",
       {word("id", "Its id"),
        needed(option("--body", "JSON", "The new body as JSON; - reads stdin"))},
       [](const CommonOptions& common, const Given& given) {
         return outbox_edit(common, given.text("id"), given.text("--body"));
       }},
  };
}

Verbs conflict_verbs() {
  return {
      {"conflicts list",
       "List them",
       {among(option("--state", "STATE", "Only those in this state"),
              {"open", "resolved", "reported"})},
       [](const CommonOptions& common, const Given& given) {
         return conflicts_list(common, given.text("--state"));
       }},
      {"conflicts show",
       "Show one",
       {word("id", "Its id")},
       [](const CommonOptions& common, const Given& given) {
         return conflicts_show(common, given.text("id"));
       }},
      {"conflicts resolve",
       "Decide one",
       {word("id", "Its id"),
        needed(among(option("--choice", "SIDE", "Whose version stands"),
                     {"local", "remote", "merged"})),
        option("--row", "JSON", "The merged row as JSON; - reads stdin")},
       [](const CommonOptions& common, const Given& given) {
         return conflicts_resolve(common, given.text("id"), given.text("--choice"),
                                  given.text("--row"));
       }},
  };
}

Verbs upstream_verbs() {
  const Argument db_url =
      option("--db-url", "URL", "Connection string; default: [upstream] db_url");
  return {
      {"catalog pull",
       "Read it from the database and keep it",
       {db_url},
       [](const CommonOptions& common, const Given& given) {
         return catalog_pull(common, given.text("--db-url"));
       }},
      {"catalog show",
       "Print it",
       {},
       [](const CommonOptions& common, const Given&) { return catalog_show(common); }},
      {"companion print",
       "Print its SQL",
       {},
       [](const CommonOptions& common, const Given&) { return companion_print(common); }},
      {"companion install",
       "Run it in the database",
       {db_url},
       [](const CommonOptions& common, const Given& given) {
         return companion_install(common, given.text("--db-url"));
       }},
      {"companion check",
       "Say whether it is there and what is missing",
       {db_url},
       [](const CommonOptions& common, const Given& given) {
         return companion_check(common, given.text("--db-url"));
       }},
  };
}

Verbs certificate_verbs() {
  const Argument where =
      among(option("--only", "STORES", "Only these stores of authorities"), {"system", "browsers"});
  return {
      {"certs init",
       "Make a local authority and a certificate for https://localhost, where there are none",
       {flag("--replace", "Make another authority in the place of this one")},
       [](const CommonOptions& common, const Given& given) {
         return certs_init(common, given.has("--replace"));
       }},
      {"certs show",
       "Show them, and who trusts them",
       {},
       [](const CommonOptions& common, const Given&) { return certs_show(common); }},
      {"certs trust",
       "Let this machine's programs and browsers trust the authority",
       {where},
       [](const CommonOptions& common, const Given& given) {
         return certs_trust(common, given.text("--only"));
       }},
      {"certs untrust",
       "Undo that",
       {where},
       [](const CommonOptions& common, const Given& given) {
         return certs_untrust(common, given.text("--only"));
       }},
      {"certs renew",
       "Issue another certificate now; a running gateway takes it up",
       {},
       [](const CommonOptions& common, const Given&) { return certs_renew(common); }},
  };
}

Verbs bundle_verbs() {
  const Argument principal =
      option("--principal", "WHO", "anon (the default), service, or a token's claims as JSON");
  const auto who = [](const Given& given) {
    return given.has("--principal") ? given.text("--principal") : "anon";
  };
  return {
      {"import",
       "Prime a replica from a bundle",
       {with(word("bundle", "Bundle file; - reads stdin"), Takes::kFile), principal},
       [who](const CommonOptions& common, const Given& given) {
         return import_bundle(common, who(given), given.text("bundle"));
       }},
      {"export",
       "Print a replica as a bundle",
       {principal},
       [who](const CommonOptions& common, const Given& given) {
         return export_bundle(common, who(given));
       }},
  };
}

Verbs program_verbs() {
  return {
      {"init",
       "Write a configuration for a project, and say what its apps change",
       {option("--url", "URL", "URL of the Supabase project, or its reference"),
        option("--key", "KEY", "Its publishable or anon key"),
        option("--service-key", "KEY", "Its secret key, with which the schema is read"),
        option("--jwt-secret", "SECRET", "Its JWT secret, where tokens are signed with HS256"),
        option("--db-url", "URL", "Connection string of its database, for the schema"),
        flag("--replace", "Write the file anew where there is one"),
        flag("--unchecked", "Do not ask the project whether all of it is right")},
       [](const CommonOptions& common, const Given& given) {
         return init(common, {given.text("--url"), given.text("--key"), given.text("--service-key"),
                              given.text("--jwt-secret"), given.text("--db-url"),
                              given.has("--replace"), given.has("--unchecked")});
       }},
      {"doctor",
       "Look for the usual troubles, and say what to do about each",
       {},
       [](const CommonOptions& common, const Given&) { return doctor(common); }},
      {"completion",
       "Print the completion of this command line for a shell",
       {among(word("shell", "The shell"), {"bash", "zsh", "fish"})},
       [](const CommonOptions&, const Given& given) {
         return print_completion(given.text("shell"));
       }},
      {"man",
       "Print the manual page, in the form that man reads",
       {},
       [](const CommonOptions&, const Given&) { return print_manual(); }},
  };
}

Verbs all_verbs() {
  Verbs all;
  for (auto part : {gateway_verbs, outbox_verbs, conflict_verbs, upstream_verbs, certificate_verbs,
                    bundle_verbs, program_verbs}) {
    for (Verb& verb : part()) all.push_back(std::move(verb));
  }
  return all;
}

}  // namespace

std::string Verb::group() const {
  const auto space = name.find(' ');
  return space == std::string::npos ? "" : name.substr(0, space);
}

std::string Verb::word() const {
  const auto space = name.find(' ');
  return space == std::string::npos ? name : name.substr(space + 1);
}

const std::vector<Verb>& verbs() {
  static const Verbs all = all_verbs();
  return all;
}

const std::vector<VerbGroup>& verb_groups() {
  static const std::vector<VerbGroup> groups = {
      {"outbox", "Look after writes on their way"},
      {"conflicts", "Rows that two sides have changed"},
      {"catalog", "What is known of the upstream's schema"},
      {"companion", "The optional migration for the upstream's database"},
      {"certs", "Certificates for https://localhost"},
  };
  return groups;
}

const std::vector<Argument>& common_arguments() {
  static const std::vector<Argument> arguments = {
      with(option("--config", "FILE", "Configuration file (TOML)"), Takes::kFile),
      with(option("--data", "DIR", "Data folder"), Takes::kFolder),
      flag("--json", "Print JSON"),
  };
  return arguments;
}

const std::vector<ExitStatus>& exit_statuses() {
  static const std::vector<ExitStatus> statuses = {
      {0, "done; of a verb that checks: nothing is wrong"},
      {1, "it failed, and stderr says why; of a verb that checks: something is wrong"},
      {2, "the command line is wrong"},
  };
  return statuses;
}

const std::string& program_help() {
  static const std::string help = "a local-first gateway for Supabase";
  return help;
}

}  // namespace holdfast::cli
