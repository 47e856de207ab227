#include "gateway/cli/cli.h"

#include <CLI/CLI.hpp>

#include "gateway/cli/bundle.h"
#include "gateway/cli/common.h"
#include "gateway/cli/companion.h"
#include "gateway/cli/conflicts.h"
#include "gateway/cli/dashboard.h"
#include "gateway/cli/inspect.h"
#include "gateway/cli/outbox.h"
#include "gateway/cli/serve.h"
#include "gateway/cli/verify.h"

namespace holdfast::cli {
namespace {

// A command: its place in the grammar, and what runs when it was named.
class Commands {
 public:
  explicit Commands(CLI::App& program) : program_(program) {}

  CLI::App* add(const char* name, const char* help, std::function<int()> run) {
    return add(program_, name, help, std::move(run));
  }

  CLI::App* add(CLI::App& parent, const char* name, const char* help, std::function<int()> run) {
    CLI::App* command = parent.add_subcommand(name, help);
    command->add_option("--config", common_.config_file, "Configuration file (TOML)");
    command->add_option("--data", common_.data_dir, "Data folder");
    command->add_flag("--json", common_.json, "Print JSON");
    command->callback([this, run = std::move(run)] { status_ = run(); });
    return command;
  }
  // A word before further commands.
  CLI::App* add_group(const char* name, const char* help) {
    CLI::App* group = program_.add_subcommand(name, help);
    group->require_subcommand(1);
    return group;
  }
  CLI::App& program() { return program_; }
  const CommonOptions& common() const { return common_; }
  int status() const { return status_; }

 private:
  CLI::App& program_;
  CommonOptions common_;
  int status_ = 0;
};

// What the commands' own options set: one command runs, so that they share it.
struct Arguments {
  ServeOptions serving;
  EntryChoice choice;
  std::string id;
  std::string state;
  std::string body;
  std::string side;
  std::string row;
  std::string db_url;
  std::string principal = "anon";
  std::string file;
  bool upstream = false;
};

void add_gateway(Commands& commands, Arguments& given) {
  const CommonOptions& common = commands.common();
  CLI::App* serve_command =
      commands.add("serve", "Run the gateway", [&] { return serve(common, given.serving); });
  serve_command->add_option("--port", given.serving.port, "Port to listen on; 0 picks a free one")
      ->check(CLI::Range(0, 65535));
  serve_command->add_option("--upstream", given.serving.upstream_url,
                            "URL of the Supabase project");
  serve_command->add_option("--key", given.serving.key, "Its publishable or anon key");
  commands.add("demo", "Run a gateway with sample data and a link to switch off",
               [] { return demo(); });
  commands.add("status", "Show the state of the gateway, or of its folder",
               [&] { return status(common); });
  commands.add("dashboard", "Print a one-time link to the dashboard of the running gateway",
               [&] { return dashboard(common); });
  commands.add("sync", "Send and pull now", [&] { return sync(common); });
  commands
      .add("verify", "Prove that no record of the journal was altered or removed",
           [&] { return given.upstream ? verify_upstream(common) : verify(common); })
      ->add_flag("--upstream", given.upstream,
                 "Compare every replica with the upstream instead, row by row");
}

void add_outbox(Commands& commands, Arguments& given) {
  const CommonOptions& common = commands.common();
  CLI::App& outbox = *commands.add_group("outbox", "Look after writes on their way");
  commands.add(outbox, "list", "List them", [&] { return outbox_list(common, given.state); })
      ->add_option("--state", given.state, "Only those in this state, such as dead");
  commands.add(outbox, "show", "Show one", [&] { return outbox_show(common, given.id); })
      ->add_option("id", given.id, "Its id")
      ->required();
  const std::pair<const char*, const char*> changes[] = {
      {"retry", "Send it, or all that fit, again"}, {"discard", "Give it, or them, up"}};
  for (const auto& [action, help] : changes) {
    CLI::App* change = commands.add(outbox, action, help, [&, name = std::string(action)] {
      return outbox_change(common, given.choice, name);
    });
    EntryChoice& choice = given.choice;
    change->add_option("id", choice.id, "Its id; or say which by the options");
    change->add_option("--reason", choice.reason, "All whose reason has this in it, such as 23514");
    change->add_option("--table", choice.table, "All of this table");
    change->add_option("--state", choice.state, "All in this state; default: dead");
    change->add_flag("--all", choice.all, "All dead letters");
  }
  CLI::App* edit = commands.add(outbox, "edit", "Send it with another body",
                                [&] { return outbox_edit(common, given.id, given.body); });
  edit->add_option("id", given.id, "Its id")->required();
  edit->add_option("--body", given.body, "The new body as JSON; - reads stdin")->required();
}

void add_conflicts(Commands& commands, Arguments& given) {
  const CommonOptions& common = commands.common();
  CLI::App& conflicts = *commands.add_group("conflicts", "Rows that two sides have changed");
  commands.add(conflicts, "list", "List them", [&] { return conflicts_list(common, given.state); })
      ->add_option("--state", given.state, "Only those in this state: open, resolved or reported");
  commands.add(conflicts, "show", "Show one", [&] { return conflicts_show(common, given.id); })
      ->add_option("id", given.id, "Its id")
      ->required();
  CLI::App* resolve = commands.add(conflicts, "resolve", "Decide one", [&] {
    return conflicts_resolve(common, given.id, given.side, given.row);
  });
  resolve->add_option("id", given.id, "Its id")->required();
  resolve->add_option("--choice", given.side, "local, remote or merged")
      ->required()
      ->check(CLI::IsMember({"local", "remote", "merged"}));
  resolve->add_option("--row", given.row, "The merged row as JSON; - reads stdin");
}

void add_upstream(Commands& commands, Arguments& given) {
  const CommonOptions& common = commands.common();
  const auto take_db_url = [&given](CLI::App* command) {
    command->add_option("--db-url", given.db_url, "Connection string; default: [upstream] db_url");
  };
  CLI::App& catalog = *commands.add_group("catalog", "What is known of the upstream's schema");
  take_db_url(commands.add(catalog, "pull", "Read it from the database and keep it",
                           [&] { return catalog_pull(common, given.db_url); }));
  commands.add(catalog, "show", "Print it", [&] { return catalog_show(common); });

  CLI::App& companion =
      *commands.add_group("companion", "The optional migration for the upstream's database");
  commands.add(companion, "print", "Print its SQL", [&] { return companion_print(common); });
  take_db_url(commands.add(companion, "install", "Run it in the database",
                           [&] { return companion_install(common, given.db_url); }));
  take_db_url(commands.add(companion, "check", "Say whether it is there and what is missing",
                           [&] { return companion_check(common, given.db_url); }));
}

void add_bundles(Commands& commands, Arguments& given) {
  const CommonOptions& common = commands.common();
  const auto take_principal = [&given](CLI::App* command) {
    command->add_option("--principal", given.principal, "anon, or a token's claims as JSON");
  };
  CLI::App* import_command = commands.add("import", "Prime a replica from a bundle", [&] {
    return import_bundle(common, given.principal, given.file);
  });
  import_command->add_option("bundle", given.file, "Bundle file; - reads stdin")->required();
  take_principal(import_command);
  take_principal(commands.add("export", "Print a replica as a bundle",
                              [&] { return export_bundle(common, given.principal); }));
}

int parse_and_run(Commands& commands, int argc, char** argv) {
  try {
    commands.program().parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return commands.program().exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& fault) {
    return fail(fault.what());
  }
  return commands.status();
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App program("Holdfast, a local-first gateway for Supabase");
  program.set_version_flag("--version", "holdfast " HF_VERSION);
  program.require_subcommand(1);
  Commands commands(program);
  Arguments given;
  add_gateway(commands, given);
  add_outbox(commands, given);
  add_conflicts(commands, given);
  add_upstream(commands, given);
  add_bundles(commands, given);
  return parse_and_run(commands, argc, argv);
}

}  // namespace holdfast::cli
