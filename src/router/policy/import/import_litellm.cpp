#include <algorithm>
#include <set>
#include <utility>

#include "router/policy/import/foreign_tree.h"
#include "router/policy/import/importers.h"
#include "router/policy/import/litellm_facts.h"
#include "router/policy/import/litellm_router.h"

namespace croft {
namespace {

constexpr double kPerMillion = 1e6;

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
    note_changes();
    RouterImport out{.format = "litellm", .toml = write_litellm(router_), .notes = {}};
    out.notes = tree_.finish(litellm_reason);
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
        router_.breaker_failures =
            std::clamp(*fails + 1, 1.0, 10'000.0);  // it counts what is allowed
      if (const auto pause = tree_.number(table, "cooldown_time"))
        router_.cool_down_s = std::clamp(*pause, 1.0, 86'400.0);
    }
    const ConfigNode* settings = ForeignTree::table(&tree_.root(), "router_settings");
    const auto strategy = tree_.text(settings, "routing_strategy");
    if (!strategy || *strategy == "simple-shuffle") return;
    if (*strategy == "cost-based-routing") {
      router_.by_cost = true;
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
    LiteLlmDeployment made;
    made.upstream = place->first;
    made.model = place->second;
    made.name = free_name(*model, router_.upstreams[made.upstream].name);
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
    router_.deployments.push_back(std::move(made));
    group(*group_name, entry).deployments.push_back(router_.deployments.size() - 1);
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
    const LiteLlmProvider* provider = find_litellm_provider(prefix);
    if (provider == nullptr) {
      tree_.drop(entry, prefix.empty()
                            ? "its provider cannot be told from the model's name"
                            : "the provider " + toml_comment(prefix) +
                                  " speaks no dialect of Croft's (openai, anthropic, ollama)");
      return std::nullopt;
    }
    LiteLlmUpstream made{.name = std::string(prefix),
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

  void read_key(const ConfigNode& params, bool has_base, const LiteLlmProvider& provider,
                LiteLlmUpstream& made) {
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

  std::size_t index_of(LiteLlmUpstream made) {
    for (std::size_t i = 0; i < router_.upstreams.size(); ++i)
      if (router_.upstreams[i].same_as(made)) return i;
    std::string base = made.name;
    for (std::size_t n = 2; std::ranges::find(router_.upstreams, made.name,
                                              &LiteLlmUpstream::name) != router_.upstreams.end();
         ++n)
      made.name = base + "-" + std::to_string(n);
    router_.upstreams.push_back(std::move(made));
    return router_.upstreams.size() - 1;
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
                   LiteLlmDeployment& made) {
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
    const LiteLlmUpstream& upstream = router_.upstreams[made.upstream];
    made.free = upstream.dialect == "ollama" && is_this_machine(upstream.url);
    if (!made.free)
      tree_.note(ImportNoteKind::ToFinish, entry,
                 "has no price: LiteLLM takes it from a list of its own. Fill in price_in and "
                 "price_out; an unknown price is never taken for 0");
  }

  void read_capabilities(const ConfigNode* info, LiteLlmDeployment& made) {
    const auto tools = tree_.flag(info, "supports_function_calling");
    const auto json = tree_.flag(info, "supports_response_schema");
    const auto images = tree_.flag(info, "supports_vision");
    if (!tools && !json && !images) return;
    if (tools.value_or(true)) made.capabilities.emplace_back("tools");
    if (json.value_or(true)) made.capabilities.emplace_back("json");
    if (images.value_or(false)) made.capabilities.emplace_back("images");
    if (made.capabilities.empty()) made.capabilities.emplace_back("json");
  }

  LiteLlmGroup& group(const std::string& name, const ConfigNode& entry) {
    const auto found = std::ranges::find(router_.groups, name, &LiteLlmGroup::name);
    if (found != router_.groups.end()) return *found;
    return router_.groups.emplace_back(LiteLlmGroup{
        .name = name, .first = &entry, .deployments = {}, .fallbacks = {}, .is_alias = false});
  }

  void read_fallbacks(std::string_view settings) {
    const ConfigNode* list =
        ForeignTree::list(ForeignTree::table(&tree_.root(), settings), "fallbacks");
    if (list == nullptr) return;
    for (const ConfigNode& each : list->items)
      for (const ConfigNode& from : each.items) {
        const auto found = std::ranges::find(router_.groups, from.name, &LiteLlmGroup::name);
        if (from.kind != NodeKind::List || found == router_.groups.end()) {
          tree_.drop(from, "names no model that was carried over");
          continue;
        }
        for (const ConfigNode& to : from.items) {
          const bool known = to.kind == NodeKind::Text &&
                             std::ranges::find(router_.groups, to.text, &LiteLlmGroup::name) !=
                                 router_.groups.end();
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
      const auto found = std::ranges::find(router_.groups, alias.text, &LiteLlmGroup::name);
      const bool taken = std::ranges::find(router_.groups, alias.name, &LiteLlmGroup::name) !=
                             router_.groups.end() ||
                         model_names_.contains(alias.name) || alias.name.empty();
      if (alias.kind != NodeKind::Text || found == router_.groups.end() || taken) {
        tree_.drop(alias, "stands for no model that was carried over, or has the name of one");
        continue;
      }
      tree_.take(alias);
      LiteLlmGroup copy = *found;
      copy.name = alias.name;
      copy.is_alias = true;
      router_.groups.push_back(std::move(copy));
    }
  }

  /// What works otherwise than there.
  void note_changes() {
    for (const LiteLlmGroup& each : router_.groups) {
      if (each.is_alias) continue;
      if (each.deployments.size() > 1 && router_.is_listed(each))
        tree_.note(
            ImportNoteKind::Changed, *each.first,
            "has several deployments and fallbacks: they are asked as listed, not by weight");
      tree_.note(ImportNoteKind::Changed, *each.first,
                 "requests in which something sensitive is found are refused; LiteLLM sends them. "
                 "privacy = \"allow\" does as well");
    }
  }

  ForeignTree tree_;
  std::set<std::string> group_names_;
  std::set<std::string> model_names_;
  LiteLlmRouter router_;
  double total_ms_ = 0;
  double retries_ = -1;
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
