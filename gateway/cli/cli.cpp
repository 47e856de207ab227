#include "gateway/cli/cli.h"

#include <CLI/CLI.hpp>

#include "gateway/cli/bundle.h"
#include "gateway/cli/common.h"
#include "gateway/cli/companion.h"
#include "gateway/cli/conflicts.h"
#include "gateway/cli/inspect.h"
#include "gateway/cli/serve.h"
#include "gateway/cli/verify.h"

namespace holdfast::cli {
namespace {

// A command: its place in the grammar, and what runs when it was named.
class Commands {
 public:
  explicit Commands(CommonOptions& common) : common_(common) {}

  CLI::App* add(CLI::App& parent, const char* name, const char* help, std::function<int()> run) {
    CLI::App* command = parent.add_subcommand(name, help);
    command->add_option("--config", common_.config_file, "Configuration file (TOML)");
    command->add_option("--data", common_.data_dir, "Data folder");
    command->add_flag("--json", common_.json, "Print JSON");
    command->callback([this, run = std::move(run)] { status_ = run(); });
    return command;
  }
  int status() const { return status_; }

 private:
  CommonOptions& common_;
  int status_ = 0;
};

int parse_and_run(CLI::App& program, Commands& commands, int argc, char** argv) {
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : 2;
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
  CommonOptions common;
  Commands commands(common);

  ServeOptions serving;
  CLI::App* serve_command =
      commands.add(program, "serve", "Run the gateway", [&] { return serve(common, serving); });
  serve_command->add_option("--port", serving.port, "Port to listen on; 0 picks a free one")
      ->check(CLI::Range(0, 65535));
  serve_command->add_option("--upstream", serving.upstream_url, "URL of the Supabase project");
  serve_command->add_option("--key", serving.key, "Its publishable or anon key");

  commands.add(program, "demo", "Run a gateway with sample data and a link to switch off",
               [] { return demo(); });
  commands.add(program, "status", "Show the state of the running gateway",
               [&] { return status(common); });
  commands.add(program, "sync", "Send and pull now", [&] { return sync(common); });

  std::string id;
  std::string state;
  CLI::App* outbox = program.add_subcommand("outbox", "Look after writes on their way");
  outbox->require_subcommand(1);
  commands.add(*outbox, "list", "List them", [&] { return outbox_list(common, state); })
      ->add_option("--state", state, "Only those in this state, such as dead");
  commands.add(*outbox, "show", "Show one", [&] { return outbox_show(common, id); })
      ->add_option("id", id, "Its id")
      ->required();
  EntryChoice choice;
  for (const char* action : {"retry", "discard"}) {
    CLI::App* change = commands.add(
        *outbox, action,
        action == std::string("retry") ? "Send it, or all that fit, again" : "Give it, or them, up",
        [&, action] { return outbox_change(common, choice, action); });
    change->add_option("id", choice.id, "Its id; or say which by the options");
    change->add_option("--reason", choice.reason, "All whose reason has this in it, such as 23514");
    change->add_option("--table", choice.table, "All of this table");
    change->add_option("--state", choice.state, "All in this state; default: dead");
    change->add_flag("--all", choice.all, "All dead letters");
  }
  std::string body;
  CLI::App* edit = commands.add(*outbox, "edit", "Send it with another body",
                                [&] { return outbox_edit(common, id, body); });
  edit->add_option("id", id, "Its id")->required();
  edit->add_option("--body", body, "The new body as JSON; - reads stdin")->required();

  CLI::App* conflicts = program.add_subcommand("conflicts", "Rows that two sides have changed");
  conflicts->require_subcommand(1);
  commands.add(*conflicts, "list", "List them", [&] { return conflicts_list(common, state); })
      ->add_option("--state", state, "Only those in this state: open, resolved or reported");
  commands.add(*conflicts, "show", "Show one", [&] { return conflicts_show(common, id); })
      ->add_option("id", id, "Its id")
      ->required();
  std::string side;
  std::string row;
  CLI::App* resolve = commands.add(*conflicts, "resolve", "Decide one",
                                   [&] { return conflicts_resolve(common, id, side, row); });
  resolve->add_option("id", id, "Its id")->required();
  resolve->add_option("--choice", side, "local, remote or merged")
      ->required()
      ->check(CLI::IsMember({"local", "remote", "merged"}));
  resolve->add_option("--row", row, "The merged row as JSON; - reads stdin");

  commands.add(program, "verify", "Prove that no record of the journal was altered or removed",
               [&] { return verify(common); });

  std::string db_url;
  CLI::App* catalog = program.add_subcommand("catalog", "What is known of the upstream's schema");
  catalog->require_subcommand(1);
  commands
      .add(*catalog, "pull", "Read it from the database and keep it",
           [&] { return catalog_pull(common, db_url); })
      ->add_option("--db-url", db_url, "Connection string; default: [upstream] db_url");
  commands.add(*catalog, "show", "Print it", [&] { return catalog_show(common); });

  CLI::App* companion =
      program.add_subcommand("companion", "The optional migration for the upstream's database");
  companion->require_subcommand(1);
  commands.add(*companion, "print", "Print its SQL", [&] { return companion_print(common); });
  commands
      .add(*companion, "install", "Run it in the database",
           [&] { return companion_install(common, db_url); })
      ->add_option("--db-url", db_url, "Connection string; default: [upstream] db_url");
  commands
      .add(*companion, "check", "Say whether it is there and what is missing",
           [&] { return companion_check(common, db_url); })
      ->add_option("--db-url", db_url, "Connection string; default: [upstream] db_url");

  std::string principal = "anon";
  std::string file;
  CLI::App* import_command = commands.add(program, "import", "Prime a replica from a bundle",
                                          [&] { return import_bundle(common, principal, file); });
  import_command->add_option("bundle", file, "Bundle file; - reads stdin")->required();
  import_command->add_option("--principal", principal, "anon, or a token's claims as JSON");
  commands
      .add(program, "export", "Print a replica as a bundle",
           [&] { return export_bundle(common, principal); })
      ->add_option("--principal", principal, "anon, or a token's claims as JSON");

  return parse_and_run(program, commands, argc, argv);
}

}  // namespace holdfast::cli
