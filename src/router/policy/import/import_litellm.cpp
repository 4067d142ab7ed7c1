// Facts about the format: LiteLLM's documentation of config.yaml, as of October 2026.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "router/policy/import/foreign_tree.h"
#include "router/policy/import/importers.h"

namespace croft {
namespace {

constexpr double kPerMillion = 1e6;

/// How LiteLLM's provider prefixes are reached: those that speak a dialect of ours.
struct Provider {
  std::string_view prefix;
  std::string_view dialect;
  std::string_view url;      ///< empty: api_base must say it
  std::string_view key_env;  ///< where LiteLLM looks for a key that is not given
};
constexpr std::array kProviders = std::to_array<Provider>({
    {"openai", "openai", "https://api.openai.com/v1", "OPENAI_API_KEY"},
    {"anthropic", "anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY"},
    {"ollama", "ollama", "http://127.0.0.1:11434", ""},
    {"ollama_chat", "ollama", "http://127.0.0.1:11434", ""},
    {"groq", "openai", "https://api.groq.com/openai/v1", "GROQ_API_KEY"},
    {"mistral", "openai", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"},
    {"deepseek", "openai", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"},
    {"openrouter", "openai", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"},
    {"together_ai", "openai", "https://api.together.xyz/v1", "TOGETHERAI_API_KEY"},
    {"fireworks_ai", "openai", "https://api.fireworks.ai/inference/v1", "FIREWORKS_AI_API_KEY"},
    {"xai", "openai", "https://api.x.ai/v1", "XAI_API_KEY"},
    {"hosted_vllm", "openai", "", ""},
    {"lm_studio", "openai", "", ""},
    {"openai_like", "openai", "", ""},
    {"custom_openai", "openai", "", ""},
});

const Provider* find_provider(std::string_view prefix) {
  const auto found = std::ranges::find(kProviders, prefix, &Provider::prefix);
  return found == kProviders.end() ? nullptr : &*found;
}

std::string_view reason_for(std::string_view name) {
  constexpr std::array reasons = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"rpm",
       "Croft sets no limit of requests a minute for an upstream; it obeys its rate-limit "
       "headers"},
      {"tpm",
       "Croft sets no limit of tokens a minute for an upstream; it obeys its rate-limit "
       "headers"},
      {"max_parallel_requests", "set concurrency_max of the upstream by hand"},
      {"stream_timeout", "set first_token_ms and between_tokens_ms of the upstream by hand"},
      {"general_settings",
       "settings of the server and its keys: see `croft serve` and its key file"},
      {"master_key", "a key is never copied"},
      {"environment_variables",
       "values of variables may be keys and are not copied: set them where "
       "the server runs"},
      {"include", "other files are not read: import each"},
      {"extra_headers", "headers may carry keys and are not copied: see headers of [upstreams]"},
      {"headers", "headers may carry keys and are not copied: see headers of [upstreams]"},
      {"api_version", "Croft speaks no dialect that has versions in its address"},
      {"context_window_fallbacks",
       "Croft passes by candidates whose context is too small: name the "
       "larger model in cloud"},
      {"content_policy_fallbacks", "Croft asks no other model when one refuses"},
      {"default_fallbacks", "name them in cloud of each route"},
      {"callbacks", "see Croft's metrics and traces"},
      {"success_callback", "see Croft's metrics and traces"},
      {"failure_callback", "see Croft's metrics and traces"},
      {"cache", "Croft keeps no answers"},
      {"cache_params", "Croft keeps no answers"},
      {"guardrails", "see privacy of [routes]"},
      {"drop_params", "Croft refuses what an upstream cannot express, and drops nothing"},
      {"input_cost_per_second", "Croft counts tokens"},
      {"output_cost_per_second", "Croft counts tokens"},
      {"temperature", "Croft sets no parameters for clients"},
      {"max_tokens", "Croft sets no parameters for clients"},
  });
  const auto found = std::ranges::find(reasons, name, &decltype(reasons)::value_type::first);
  return found == reasons.end() ? std::string_view() : found->second;
}

struct Upstream {
  std::string name;
  std::string dialect;
  std::string url;
  std::string key_env;
  std::string organization;
  double total_ms = 0;  ///< 0: not given
  double retries = -1;  ///< below 0: not given
  bool insecure = false;

  [[nodiscard]] bool same_as(const Upstream& other) const {
    return dialect == other.dialect && url == other.url && key_env == other.key_env &&
           organization == other.organization && total_ms == other.total_ms &&
           retries == other.retries;
  }
};

struct Deployment {
  std::string name;  ///< its entry in [models]
  std::size_t upstream = 0;
  std::string model;
  std::string in;  ///< prices per million as text; empty: not known
  std::string out;
  std::string cached;
  bool free = false;
  double context = 0;
  double weight = 1;
  bool weighted = false;
  std::vector<std::string> capabilities;  ///< empty: Croft's default
};

struct Group {
  std::string name;
  const ConfigNode* first = nullptr;
  std::vector<std::size_t> deployments;
  std::vector<std::string> fallbacks;  ///< names of other groups
  bool is_alias = false;               ///< what is said of the original is not said again
};

class LiteLlmImport {
 public:
  explicit LiteLlmImport(const ConfigNode& root) : tree_(root) {}

  RouterImport run(const ConfigNode& model_list) {
    read_settings();
    for (const ConfigNode& entry : model_list.items) collect_name(entry);
    for (const ConfigNode& entry : model_list.items) read_entry(entry);
    read_fallbacks("router_settings");
    read_fallbacks("litellm_settings");
    read_aliases();
    RouterImport out{.format = "litellm", .toml = write(), .notes = {}};
    out.notes = tree_.finish(reason_for);
    return out;
  }

 private:
  void read_settings() {
    for (const char* name : {"litellm_settings", "router_settings"}) {
      const ConfigNode* table = ForeignTree::table(&tree_.root(), name);
      for (const char* key : {"request_timeout", "timeout"})
        if (const auto seconds = milliseconds(table, key)) total_ms_ = *seconds;
      if (const auto retries = tree_.number(table, "num_retries"))
        retries_ = std::clamp(*retries, 0.0, 20.0);
      if (const auto fails = tree_.number(table, "allowed_fails"))
        breaker_failures_ = std::clamp(*fails + 1, 1.0, 10'000.0);  // it counts what is allowed
      if (const auto pause = tree_.number(table, "cooldown_time"))
        cool_down_ = std::clamp(*pause, 1.0, 86'400.0);
    }
    const ConfigNode* settings = ForeignTree::table(&tree_.root(), "router_settings");
    const auto strategy = tree_.text(settings, "routing_strategy");
    if (!strategy || *strategy == "simple-shuffle") return;
    if (*strategy == "cost-based-routing") {
      by_cost_ = true;
      return;
    }
    tree_.note(ImportNoteKind::Changed, *settings->find("routing_strategy"),
               "Croft orders by cost, weight or as listed: deployments of one name get weights");
  }

  /// Seconds as LiteLLM has them. What is out of range stays untaken and is listed.
  std::optional<double> milliseconds(const ConfigNode* table, std::string_view name) {
    const auto seconds = tree_.number(table, name);
    if (!seconds) return std::nullopt;
    return std::clamp(*seconds * 1000, 1.0, 86'400'000.0);
  }

  void collect_name(const ConfigNode& entry) {
    const ConfigNode* name = entry.find("model_name");
    if (name != nullptr && name->kind == NodeKind::Text) group_names_.insert(name->text);
  }

  void read_entry(const ConfigNode& entry) {
    const auto group_name = tree_.text(&entry, "model_name");
    const ConfigNode* params = ForeignTree::table(&entry, "litellm_params");
    const auto model = tree_.text(params, "model");
    if (!group_name || !model)
      return tree_.drop(entry, "has no model_name or no litellm_params.model");
    if (group_name->find('*') != std::string::npos || model->find('*') != std::string::npos)
      return tree_.drop(entry,
                        "a wildcard stands for models that Croft does not know: it needs "
                        "each with its price");
    const ConfigNode* info = ForeignTree::table(&entry, "model_info");
    const std::string mode = tree_.text(info, "mode").value_or("chat");
    if (mode != "chat" && mode != "responses")
      return tree_.drop(entry, "routes are for chats, and this is for " + toml_comment(mode));
    const auto place = find_upstream(entry, *params, *model);
    if (!place) return;
    Deployment made;
    made.upstream = place->first;
    made.model = place->second;
    made.name = free_name(*model, upstreams_[made.upstream].name);
    read_prices(entry, *params, info, made);
    if (const auto context = tree_.number(info, "max_input_tokens"))
      made.context = std::clamp(*context, 0.0, 1e9);
    read_capabilities(info, made);
    if (const auto weight = tree_.number(params, "weight")) {
      made.weight = std::clamp(*weight, 0.0, 1e6);
      made.weighted = true;
    }
    if (const ConfigNode* id = info == nullptr ? nullptr : info->find("id"); id != nullptr)
      tree_.take(*id);  // a label of the entry, which has a name here
    deployments_.push_back(std::move(made));
    group(*group_name, entry).deployments.push_back(deployments_.size() - 1);
  }

  /// Index of the upstream, and the model's name there.
  std::optional<std::pair<std::size_t, std::string>> find_upstream(const ConfigNode& entry,
                                                                   const ConfigNode& params,
                                                                   const std::string& model) {
    const std::size_t slash = model.find('/');
    std::string prefix = slash == std::string::npos ? std::string() : model.substr(0, slash);
    std::string name = slash == std::string::npos ? model : model.substr(slash + 1);
    const auto base = tree_.text(&params, "api_base");
    if (const auto given = tree_.text(&params, "custom_llm_provider")) {
      prefix = *given;
      name = model;
    } else if (prefix.empty() && model.starts_with("claude-")) {
      prefix = "anthropic";
    } else if (prefix.empty() && (base || model.starts_with("gpt-") || model.starts_with("o1") ||
                                  model.starts_with("o3") || model.starts_with("o4"))) {
      prefix = "openai";
    }
    const Provider* provider = find_provider(prefix);
    if (provider == nullptr) {
      tree_.drop(entry, prefix.empty()
                            ? "its provider cannot be told from the model's name"
                            : "the provider " + toml_comment(prefix) +
                                  " speaks no dialect of Croft's (openai, anthropic, ollama)");
      return std::nullopt;
    }
    Upstream made{.name = std::string(prefix),
                  .dialect = std::string(provider->dialect),
                  .url = {},
                  .key_env = {},
                  .organization = {}};
    made.url = base.value_or(std::string(provider->url));
    if (made.url.empty() || made.url.starts_with("os.environ/")) {
      tree_.drop(entry, "has no api_base that is written out");
      return std::nullopt;
    }
    while (made.url.ends_with('/')) made.url.pop_back();
    // A model of this machine has no price; plain http to others must be allowed by name.
    made.insecure = made.url.starts_with("http://") && !is_this_machine(made.url);
    read_key(params, base.has_value(), *provider, made);
    if (const auto organization = tree_.text(&params, "organization"))
      made.organization = *organization;
    made.total_ms = milliseconds(&params, "timeout").value_or(total_ms_);
    made.retries = retries_;
    for (const char* key : {"max_retries", "num_retries"})
      if (const auto retries = tree_.number(&params, key))
        made.retries = std::clamp(*retries, 0.0, 20.0);
    return std::pair(index_of(std::move(made)), name);
  }

  static bool is_this_machine(const std::string& url) {
    return url.starts_with("http://localhost") || url.starts_with("http://127.") ||
           url.starts_with("http://[::1]");
  }

  void read_key(const ConfigNode& params, bool has_base, const Provider& provider, Upstream& made) {
    const ConfigNode* given = params.find("api_key");
    constexpr std::string_view mark = "os.environ/";
    if (given == nullptr || given->kind == NodeKind::Null) {
      // With an address of its own the provider's usual key would go to somebody else.
      if (!has_base) made.key_env = provider.key_env;
      return;
    }
    if (given->kind == NodeKind::Text && given->text.starts_with(mark)) {
      made.key_env = given->text.substr(mark.size());
      tree_.take(*given);
      return;
    }
    tree_.note(ImportNoteKind::ToFinish, *given,
               "a key is written out there and is not copied: put it into an environment variable "
               "and name that with key_env");
    tree_.take(*given);
    made.key_env = "SET_ME_";
    for (const char c : made.name)
      made.key_env += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : '_');
  }

  std::size_t index_of(Upstream made) {
    for (std::size_t i = 0; i < upstreams_.size(); ++i)
      if (upstreams_[i].same_as(made)) return i;
    std::string base = made.name;
    for (std::size_t n = 2;
         std::ranges::find(upstreams_, made.name, &Upstream::name) != upstreams_.end(); ++n)
      made.name = base + "-" + std::to_string(n);
    upstreams_.push_back(std::move(made));
    return upstreams_.size() - 1;
  }

  /// Clients ask for the group's name; an entry of [models] must have another.
  std::string free_name(const std::string& model, const std::string& upstream) {
    std::string name = model;
    if (group_names_.contains(name)) name += "@" + upstream;
    const std::string base = name;
    for (std::size_t n = 2; group_names_.contains(name) || !model_names_.insert(name).second; ++n)
      name = base + "#" + std::to_string(n);
    return name;
  }

  void read_prices(const ConfigNode& entry, const ConfigNode& params, const ConfigNode* info,
                   Deployment& made) {
    const auto price = [&](std::string_view name) {
      auto cost = tree_.number(&params, name);
      if (!cost) cost = tree_.number(info, name);
      return cost && *cost >= 0 && *cost * kPerMillion <= 1e6 ? toml_number(*cost * kPerMillion)
                                                              : std::string();
    };
    made.in = price("input_cost_per_token");
    made.out = price("output_cost_per_token");
    made.cached = price("cache_read_input_token_cost");
    if (!made.in.empty() && !made.out.empty()) return;
    const Upstream& upstream = upstreams_[made.upstream];
    made.free = upstream.dialect == "ollama" && is_this_machine(upstream.url);
    if (!made.free)
      tree_.note(ImportNoteKind::ToFinish, entry,
                 "has no price: LiteLLM takes it from a list of its own. Fill in price_in and "
                 "price_out; an unknown price is never taken for 0");
  }

  void read_capabilities(const ConfigNode* info, Deployment& made) {
    const auto tools = tree_.flag(info, "supports_function_calling");
    const auto json = tree_.flag(info, "supports_response_schema");
    const auto images = tree_.flag(info, "supports_vision");
    if (!tools && !json && !images) return;
    if (tools.value_or(true)) made.capabilities.emplace_back("tools");
    if (json.value_or(true)) made.capabilities.emplace_back("json");
    if (images.value_or(false)) made.capabilities.emplace_back("images");
    if (made.capabilities.empty()) made.capabilities.emplace_back("json");
  }

  Group& group(const std::string& name, const ConfigNode& entry) {
    const auto found = std::ranges::find(groups_, name, &Group::name);
    if (found != groups_.end()) return *found;
    return groups_.emplace_back(Group{
        .name = name, .first = &entry, .deployments = {}, .fallbacks = {}, .is_alias = false});
  }

  void read_fallbacks(std::string_view settings) {
    const ConfigNode* list =
        ForeignTree::list(ForeignTree::table(&tree_.root(), settings), "fallbacks");
    if (list == nullptr) return;
    for (const ConfigNode& each : list->items)
      for (const ConfigNode& from : each.items) {
        const auto found = std::ranges::find(groups_, from.name, &Group::name);
        if (from.kind != NodeKind::List || found == groups_.end()) {
          tree_.drop(from, "names no model that was carried over");
          continue;
        }
        for (const ConfigNode& to : from.items) {
          const bool known = to.kind == NodeKind::Text &&
                             std::ranges::find(groups_, to.text, &Group::name) != groups_.end();
          if (!known) {
            tree_.drop(to, "names no model that was carried over");
            continue;
          }
          tree_.take(to);
          found->fallbacks.push_back(to.text);
        }
      }
  }

  void read_aliases() {
    const ConfigNode* aliases = ForeignTree::table(
        ForeignTree::table(&tree_.root(), "router_settings"), "model_group_alias");
    if (aliases == nullptr) return;
    for (const ConfigNode& alias : aliases->items) {
      const auto found = std::ranges::find(groups_, alias.text, &Group::name);
      const bool taken = std::ranges::find(groups_, alias.name, &Group::name) != groups_.end() ||
                         model_names_.contains(alias.name) || alias.name.empty();
      if (alias.kind != NodeKind::Text || found == groups_.end() || taken) {
        tree_.drop(alias, "stands for no model that was carried over, or has the name of one");
        continue;
      }
      tree_.take(alias);
      Group copy = *found;
      copy.name = alias.name;
      copy.is_alias = true;
      groups_.push_back(std::move(copy));
    }
  }

  [[nodiscard]] std::vector<std::string> candidates(const Group& each) {
    std::vector<std::string> names;
    const auto add = [&](const Group& from) {
      for (const std::size_t i : from.deployments)
        if (std::ranges::find(names, deployments_[i].name) == names.end())
          names.push_back(deployments_[i].name);
    };
    add(each);
    for (const std::string& fallback : each.fallbacks)
      add(*std::ranges::find(groups_, fallback, &Group::name));
    return names;
  }

  std::string write() {
    std::string out = "# Made by `croft route import` from a LiteLLM configuration.\n";
    for (const Upstream& each : upstreams_) write_upstream(out, each);
    for (const Deployment& each : deployments_) write_model(out, each);
    for (const Group& each : groups_) write_route(out, each);
    return out;
  }

  void write_upstream(std::string& out, const Upstream& each) const {
    out += "\n[upstreams." + toml_text(each.name) + "]\ndialect = " + toml_text(each.dialect) +
           "\nurl = " + toml_text(each.url) + "\n";
    if (each.insecure) out += "insecure_http = true\n";
    if (each.key_env.starts_with("SET_ME")) out += "# Set this variable to the key.\n";
    if (!each.key_env.empty()) out += "key_env = " + toml_text(each.key_env) + "\n";
    if (!each.organization.empty())
      out += "headers = { OpenAI-Organization = " + toml_text(each.organization) + " }\n";
    if (each.total_ms > 0) out += "total_ms = " + toml_number(std::floor(each.total_ms)) + "\n";
    if (each.retries >= 0) out += "retries = " + toml_number(std::floor(each.retries)) + "\n";
    if (breaker_failures_ > 0)
      out += "breaker_failures = " + toml_number(std::floor(breaker_failures_)) + "\n";
    if (cool_down_ > 0)
      out += "breaker_cool_down_s = " + toml_number(std::floor(cool_down_)) + "\n";
  }

  void write_model(std::string& out, const Deployment& each) const {
    out += "\n[models." + toml_text(each.name) +
           "]\nupstream = " + toml_text(upstreams_[each.upstream].name) +
           "\nmodel = " + toml_text(each.model) + "\n";
    if (each.context > 0) out += "context = " + toml_number(std::floor(each.context)) + "\n";
    if (each.free) {
      out += "free = true\n";
    } else {
      out += each.in.empty() ? "# price_in =   # per million tokens\n"
                             : "price_in = " + each.in + "\n";
      out += each.out.empty() ? "# price_out =  # per million tokens\n"
                              : "price_out = " + each.out + "\n";
      if (!each.cached.empty()) out += "price_cached = " + each.cached + "\n";
    }
    if (!each.capabilities.empty()) out += "capabilities = " + toml_texts(each.capabilities) + "\n";
    if (each.weighted) out += "weight = " + toml_number(each.weight) + "\n";
  }

  void write_route(std::string& out, const Group& each) {
    out += "\n[routes." + toml_text(each.name) + "]\ncloud = " + toml_texts(candidates(each)) +
           "\ndefault = \"cloud\"\n";
    const bool shared = each.deployments.size() > 1;
    // Croft orders all candidates of a route one way: weights first, then a list, it cannot say.
    const bool listed = !each.fallbacks.empty() && !by_cost_;
    if (shared && listed && !each.is_alias)
      tree_.note(ImportNoteKind::Changed, *each.first,
                 "has several deployments and fallbacks: they are asked as listed, not by weight");
    out += std::string("order = \"") +
           (by_cost_ ? "cost"
            : listed ? "listed"
                     : "weighted") +
           "\"\n";
    // LiteLLM sends everything. Croft's default would keep such a route from ever answering where
    // something was found, and "allow" is for a person to write.
    out += "privacy = \"block\"\n";
    if (each.is_alias) return;
    tree_.note(ImportNoteKind::Changed, *each.first,
               "requests in which something sensitive is found are refused; LiteLLM sends them. "
               "privacy = \"allow\" does as well");
  }

  ForeignTree tree_;
  std::set<std::string> group_names_;
  std::set<std::string> model_names_;
  std::vector<Upstream> upstreams_;
  std::vector<Deployment> deployments_;
  std::vector<Group> groups_;
  double total_ms_ = 0;
  double retries_ = -1;
  double breaker_failures_ = 0;
  double cool_down_ = 0;
  bool by_cost_ = false;
};

}  // namespace

Result<RouterImport> import_litellm(const ConfigNode& root) {
  const ConfigNode* list = ForeignTree::list(&root, "model_list");
  if (list == nullptr || list->items.empty())
    return fail(ErrorCode::InvalidArgument, root.place() + ": has no model_list with entries",
                "This must be a config.yaml of LiteLLM's proxy", "model_list");
  return LiteLlmImport(root).run(*list);
}

}  // namespace croft
