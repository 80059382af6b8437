// run: a program in the foreground, behind a gateway that is there for it alone.
#include "cli/config_source.h"
#include "cli/descriptors.h"
#include "cli/gateway.h"
#include "cli/output.h"
#include "cli/prices.h"
#include "cli/run/base_urls.h"
#include "cli/run/private_folder.h"
#include "cli/run/program.h"
#include "cli/run/receipt.h"
#include "cli/run/run_config.h"
#include "cli/run/wish.h"
#include "cli/run_commands.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <expected>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

// A descriptor of our own; -1 = none.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

// Opened before the program runs: what cannot be written is known before anything is spent.
Result<File> open_to_write(const std::string& path, std::string_view option, int flags) {
  if (path.empty()) return File(-1);
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  if (file >= 0) return File(file);
  return fail(Side::operator_, Kind::io,
              fmt::format("--{}: cannot write {}: {}", option, path, std::strerror(errno)));
}

// A program that has the terminal wants no lines between its own.
struct NobodyReads final : LogSink {
  void write(std::string_view) override {}
};

std::unique_ptr<LogSink> log_sink(const File& file) {
  if (file.descriptor() < 0) return std::make_unique<NobodyReads>();
  return std::make_unique<DescriptorSink>(file.descriptor());
}

std::string program_name(const Wish& wish) {
  return std::filesystem::path(wish.words.front()).filename().string();
}

// One run, from its gateway to its receipt. Its members die in this order's reverse: the folder
// goes when nothing is written into it any more.
class Run {
 public:
  Run(const Wish& wish, const Process& process)
      : wish_(wish), process_(process), plans_(wish.plan_only) {}

  Result<void> prepare();
  std::expected<int, NotStarted> run_program();  // its exit status
  Result<void> finish(int exit_status);

 private:
  Result<void> start_gateway();
  ProgramVariables variables() const;
  bool asks_for_no_key(Api api) const;
  Result<void> keep_books();
  Result<void> print(const Receipt& receipt);

  const Wish& wish_;
  const Process& process_;
  HeldSignals signals_;  // before any thread is started
  WallTime started_;
  Instant begun_;
  std::optional<PrivateFolder> folder_;
  std::optional<File> receipt_file_;
  std::optional<File> log_file_;
  std::optional<Log> log_;
  std::shared_ptr<const config::Config> config_;
  relay::PlanQuota plans_;
  std::unique_ptr<Gateway> gateway_;
  std::string address_;
};

Result<void> Run::prepare() {
  started_ = process_.clock.wall();
  begun_ = process_.clock.now();
  Result<PrivateFolder> folder = PrivateFolder::make(process_.environment);
  if (!folder) return fail(folder.error());
  folder_.emplace(std::move(*folder));
  Result<File> receipt = open_to_write(wish_.receipt_path, "receipt", O_TRUNC);
  if (!receipt) return fail(receipt.error());
  receipt_file_.emplace(std::move(*receipt));
  Result<File> log = open_to_write(wish_.log_path, "log", O_APPEND);
  if (!log) return fail(log.error());
  log_file_.emplace(std::move(*log));
  Result<std::shared_ptr<const config::Config>> config =
      run_config(wish_, folder_->path(), process_);
  if (!config) return fail(config.error());
  config_ = std::move(*config);
  return start_gateway();
}

Result<void> Run::start_gateway() {
  LoadedPrices prices = load_prices(config_->prices.overrides, config_.get(), process_.environment);
  if (!prices.catalogue) return fail(prices.error());
  log_.emplace(LogLevel::info, LogFormat::text, process_.clock, log_sink(*log_file_));
  Surroundings surroundings{.clock = process_.clock,
                            .log = *log_,
                            .entropy = process_.entropy,
                            .program_version = process_.version,
                            .config_file = wish_.config_path,
                            .prices = prices.catalogue,
                            .plans = &plans_};
  Started<std::unique_ptr<Gateway>> gateway = Gateway::start(config_, surroundings);
  if (!gateway) return fail(gateway.error().error);
  gateway_ = std::move(*gateway);
  address_ = gateway_->addresses().front().text();
  return {};
}

// Whether every provider that speaks it goes without the client's own credential.
bool Run::asks_for_no_key(Api api) const {
  config::Dialect dialect =
      api == Api::openai ? config::Dialect::openai : config::Dialect::anthropic;
  bool any = false;
  for (const config::Provider& provider : config_->providers) {
    bool speaks = provider.dialect == dialect || provider.dialect == config::Dialect::simulated;
    if (!speaks) continue;
    if (provider.api_key.source == config::ApiKey::Source::client) return false;
    any = true;
  }
  return any;
}

ProgramVariables Run::variables() const {
  ProgramVariables variables(process_.variables);
  point_at(variables, address_);
  for (Api api : {Api::openai, Api::anthropic}) {
    if (asks_for_no_key(api)) set_stand_in_key(variables, api);
  }
  return variables;
}

std::expected<int, NotStarted> Run::run_program() {
  std::vector<std::string> words = with_overrides(wish_.words, address_);
  ProgramVariables with = variables();
  std::expected<pid_t, NotStarted> program = start_program(
      words, with.lines(), {.in = process_.in, .out = process_.out, .err = process_.err}, signals_);
  if (!program) return std::unexpected(std::move(program.error()));
  raise_descriptor_limit();  // ours: the program has the one it was given
  return wait_for_program(*program, signals_);
}

Result<void> Run::finish(int exit_status) {
  std::atomic<bool> enough = false;
  gateway_->drain(config_->drain, enough);
  Result<void> flushed = gateway_->ledger().flush();
  if (!flushed) return flushed;
  Result<void> kept = keep_books();
  RunFacts facts{.program = program_name(wish_),
                 .exit_status = exit_status,
                 .started = started_,
                 .took = process_.clock.now() - begun_,
                 .limit_name = limit_name(Each::run, budget::Unit::usd),
                 .notional = plans_.any_of_a_plan(),
                 .ledger_path = kept ? wish_.keep_path : ""};
  Result<Receipt> receipt =
      make_receipt(std::move(facts), gateway_->ledger().store(), gateway_->budgets());
  gateway_->stop();
  if (!receipt) return fail(receipt.error());
  Result<void> printed = print(*receipt);
  return kept ? printed : kept;
}

// Where they cannot be put there, they are left where they are.
Result<void> Run::keep_books() {
  if (wish_.keep_path.empty()) return {};
  Result<ledger::Backup> kept = gateway_->ledger().store().backup(wish_.keep_path);
  if (kept) return {};
  folder_->leave();
  return fail(
      kept.error().while_doing(fmt::format("--keep: the books are left in {}", folder_->path())));
}

Result<void> Run::print(const Receipt& receipt) {
  std::string json = json_of(receipt) + "\n";
  Process to_person = process_;
  to_person.out = process_.err;  // standard output is the program's
  show(to_person, wish_.json ? json : text_of(receipt, Style::of(to_person)));
  if (receipt_file_->descriptor() < 0) return {};
  Process to_file = process_;
  to_file.out = receipt_file_->descriptor();
  if (show(to_file, json) == Exit::fine) return {};
  return fail(Side::operator_, Kind::io,
              fmt::format("--receipt: cannot write {}", wish_.receipt_path));
}

}  // namespace

Exit run_run(const Invocation& invocation, const Process& process) {
  Result<Wish> wish = read_wish(invocation, process.clock.wall());
  if (!wish) return complain(process, Exit::not_run, wish.error().message());
  Run run(*wish, process);
  Result<void> prepared = run.prepare();
  if (!prepared) return complain(process, Exit::not_run, prepared.error().message());
  std::expected<int, NotStarted> status = run.run_program();
  if (!status) {
    complain(process, Exit::not_run, status.error().why);
    return static_cast<Exit>(status.error().status);
  }
  Result<void> finished = run.finish(*status);
  if (!finished) complain(process, Exit::could_not, finished.error().message());
  return static_cast<Exit>(*status);
}

}  // namespace recloser::cli
