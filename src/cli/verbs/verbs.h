#pragma once
/// The verbs: one function and one file each. What a verb does is said in the options table.

#include "base/error.h"
#include "cli/settings.h"

namespace croft::cli {

Result<int> run_verb(const Settings& settings);
Result<int> serve_verb(const Settings& settings);
Result<int> embed_verb(const Settings& settings);
Result<int> perplexity_verb(const Settings& settings);
Result<int> bench_verb(const Settings& settings);
Result<int> plan_verb(const Settings& settings);
Result<int> redact_verb(const Settings& settings);
Result<int> privacy_train_verb(const Settings& settings);
Result<int> pull_verb(const Settings& settings);
Result<int> pack_verb(const Settings& settings);
Result<int> list_verb(const Settings& settings);
Result<int> show_verb(const Settings& settings);
Result<int> rm_verb(const Settings& settings);
Result<int> import_verb(const Settings& settings);
Result<int> tokenize_verb(const Settings& settings);
Result<int> detokenize_verb(const Settings& settings);
Result<int> template_render_verb(const Settings& settings);
Result<int> prefix_save_verb(const Settings& settings);
Result<int> route_train_verb(const Settings& settings);
Result<int> route_evaluate_verb(const Settings& settings);
Result<int> route_label_verb(const Settings& settings);
Result<int> route_calibrate_verb(const Settings& settings);
Result<int> route_bench_verb(const Settings& settings);
Result<int> keys_create_verb(const Settings& settings);
Result<int> keys_list_verb(const Settings& settings);
Result<int> keys_show_verb(const Settings& settings);
Result<int> keys_update_verb(const Settings& settings);
Result<int> keys_block_verb(const Settings& settings);
Result<int> keys_delete_verb(const Settings& settings);
Result<int> teams_create_verb(const Settings& settings);
Result<int> teams_list_verb(const Settings& settings);
Result<int> teams_show_verb(const Settings& settings);
Result<int> teams_update_verb(const Settings& settings);
Result<int> teams_block_verb(const Settings& settings);
Result<int> teams_delete_verb(const Settings& settings);
Result<int> prices_list_verb(const Settings& settings);
Result<int> prices_show_verb(const Settings& settings);
Result<int> prices_update_verb(const Settings& settings);
Result<int> prices_check_verb(const Settings& settings);
Result<int> ledger_whatif_verb(const Settings& settings);
Result<int> secret_seal_verb(const Settings& settings);
Result<int> route_check_verb(const Settings& settings);
Result<int> route_explain_verb(const Settings& settings);
Result<int> route_import_verb(const Settings& settings);
Result<int> ledger_summary_verb(const Settings& settings);
Result<int> ledger_verify_verb(const Settings& settings);
Result<int> ledger_export_verb(const Settings& settings);
Result<int> ledger_report_verb(const Settings& settings);
Result<int> doctor_verb(const Settings& settings);
Result<int> top_verb(const Settings& settings);
Result<int> config_show_verb(const Settings& settings);
Result<int> config_check_verb(const Settings& settings);
Result<int> completions_verb(const Settings& settings);
Result<int> version_verb(const Settings& settings);
Result<int> help_verb(const Settings& settings);
Result<int> docs_verb(const Settings& settings);

}  // namespace croft::cli
