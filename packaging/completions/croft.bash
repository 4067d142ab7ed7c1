# bash completion for croft; made by `croft completions bash`
_croft() {
  local cur prev words cword i verb="" options="" values="" kind=""
  if declare -F _get_comp_words_by_ref >/dev/null; then
    # A model name such as smollm2:135m is one word.
    _get_comp_words_by_ref -n : cur prev words cword
  else
    cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
  fi
  for ((i = 1; i < cword; i++)); do
    [[ ${words[i]} == -* ]] && continue
    verb=${words[i]}
    case $verb in
      template|prefix|privacy|route|keys|teams|prices|ledger|config|secret) ((i + 1 < cword)) && verb+=" ${words[i + 1]}" ;;
    esac
    break
  done
  case $verb in
    "")
      options="--config --models-dir --air-gapped --database --quiet --no-color --help --version"
      [[ $cur != -* ]] && kind=choice values="run serve embed perplexity bench plan pull pack list show rm import tokenize detokenize template prefix redact privacy route keys teams prices ledger doctor top config secret completions version help"
      ;;
    "run")
      options="--max-tokens --system --raw --template --stats --json --temperature --top-k --top-p --min-p --repetition-penalty --seed --draft --context --kv-type --threads --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --max-tokens) kind=none ;;
        --system) kind=none ;;
        --template) kind=file ;;
        --temperature) kind=none ;;
        --top-k) kind=none ;;
        --top-p) kind=none ;;
        --min-p) kind=none ;;
        --repetition-penalty) kind=none ;;
        --seed) kind=none ;;
        --draft) kind=model ;;
        --context|-c) kind=none ;;
        --kv-type) kind=choice values="f32 f16 bf16 q8_0" ;;
        --threads|-t) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=model
      ;;
    "serve")
      options="--model --also --pin --keep-alive --otlp-endpoint --otlp-header --otlp-sampling --reference-model --hardware-price --hardware-years --hardware-use --power-price --watts --models-memory --host --port --parallel --prefix-cache --prefix --no-prompt-lookup --draft --context --kv-type --threads --prefill-chunk --queue --queue-wait --key-file --require-key --allow-origin --allow-host --drain --log-level --log-json --log-prompts --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --model|-m) kind=model ;;
        --also) kind=model ;;
        --pin) kind=none ;;
        --keep-alive) kind=none ;;
        --otlp-endpoint) kind=none ;;
        --otlp-header) kind=none ;;
        --otlp-sampling) kind=none ;;
        --reference-model) kind=none ;;
        --hardware-price) kind=none ;;
        --hardware-years) kind=none ;;
        --hardware-use) kind=none ;;
        --power-price) kind=none ;;
        --watts) kind=none ;;
        --models-memory) kind=none ;;
        --host) kind=none ;;
        --port|-p) kind=none ;;
        --parallel) kind=none ;;
        --prefix-cache) kind=none ;;
        --prefix) kind=file ;;
        --draft) kind=model ;;
        --context|-c) kind=none ;;
        --kv-type) kind=choice values="f32 f16 bf16 q8_0" ;;
        --threads|-t) kind=none ;;
        --prefill-chunk) kind=none ;;
        --queue) kind=none ;;
        --queue-wait) kind=none ;;
        --key-file) kind=file ;;
        --allow-origin) kind=none ;;
        --allow-host) kind=none ;;
        --drain) kind=none ;;
        --log-level) kind=choice values="debug info warning error off" ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "embed")
      options="--model --threads --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --model|-m) kind=model ;;
        --threads|-t) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "perplexity")
      options="--model --file --window --windows --kv-type --threads --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --model|-m) kind=model ;;
        --file|-f) kind=file ;;
        --window) kind=none ;;
        --windows) kind=none ;;
        --kv-type) kind=choice values="f32 f16 bf16 q8_0" ;;
        --threads|-t) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "bench")
      options="--model --prompt-tokens --generate-tokens --depth --repetitions --seqs --kv-type --threads --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --model|-m) kind=model ;;
        --prompt-tokens|-p) kind=none ;;
        --generate-tokens|-n) kind=none ;;
        --depth|-d) kind=none ;;
        --repetitions|-r) kind=none ;;
        --seqs) kind=none ;;
        --kv-type) kind=choice values="f32 f16 bf16 q8_0" ;;
        --threads|-t) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "plan")
      options="--model --rates --mix --spread --first-ms --between-ms --percentile --at --requests-per-user --busy-hour-share --parallel --prefix-cache --context --kv-type --threads --prefill-chunk --seed --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --model|-m) kind=model ;;
        --rates) kind=file ;;
        --mix) kind=none ;;
        --spread) kind=none ;;
        --first-ms) kind=none ;;
        --between-ms) kind=none ;;
        --percentile) kind=none ;;
        --at) kind=none ;;
        --requests-per-user) kind=none ;;
        --busy-hour-share) kind=none ;;
        --parallel) kind=none ;;
        --prefix-cache) kind=none ;;
        --context|-c) kind=none ;;
        --kv-type) kind=choice values="f32 f16 bf16 q8_0" ;;
        --threads|-t) kind=none ;;
        --prefill-chunk) kind=none ;;
        --seed) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "pull")
      options="--from --pack --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --from) kind=file ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "pack")
      options="--output --force --threads --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --output|-o) kind=file ;;
        --threads|-t) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=model
      ;;
    "list")
      options="--catalogue --names --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "show")
      options="--metadata --tensors --chat-template --context --parallel --kv-type --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --context|-c) kind=none ;;
        --parallel) kind=none ;;
        --kv-type) kind=choice values="f32 f16 bf16 q8_0" ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=model
      ;;
    "rm")
      options="--yes --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=model
      ;;
    "import")
      options="--name --mode --licence --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --name) kind=none ;;
        --mode) kind=choice values="copy move link" ;;
        --licence) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=file
      ;;
    "tokenize")
      options="--model --no-special --parse-special --pieces --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --model|-m) kind=model ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "detokenize")
      options="--model --special --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --model|-m) kind=model ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "template render")
      options="--input --now --model --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --input) kind=file ;;
        --now) kind=none ;;
        --model|-m) kind=model ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=file
      ;;
    "template") kind=choice values="render" ;;
    "prefix save")
      options="--model --system --file --raw --output --kv-type --threads --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --model|-m) kind=model ;;
        --system) kind=none ;;
        --file|-f) kind=file ;;
        --output|-o) kind=file ;;
        --kv-type) kind=choice values="f32 f16 bf16 q8_0" ;;
        --threads|-t) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "prefix") kind=choice values="save" ;;
    "redact")
      options="--jsonl --types --second-look --threads --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --types) kind=none ;;
        --second-look) kind=model ;;
        --threads|-t) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=file
      ;;
    "privacy train")
      options="--out --texts --bucket-bits --outside-penalty --seed --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --out|-o) kind=file ;;
        --texts) kind=none ;;
        --bucket-bits) kind=none ;;
        --outside-penalty) kind=none ;;
        --seed) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=file
      ;;
    "privacy") kind=choice values="train" ;;
    "route train")
      options="--out --folds --in-scope-kept --seed --threads --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --out|-o) kind=file ;;
        --folds) kind=none ;;
        --in-scope-kept) kind=none ;;
        --seed) kind=none ;;
        --threads|-t) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=file
      ;;
    "route") kind=choice values="train evaluate label calibrate bench check explain import" ;;
    "route evaluate")
      options="--json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=file
      ;;
    "route label")
      options="--model --out --accept --max-tokens --early-tokens --context --threads --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --model|-m) kind=model ;;
        --out|-o) kind=file ;;
        --accept) kind=choice values="exact contains number json" ;;
        --max-tokens) kind=none ;;
        --early-tokens) kind=none ;;
        --context|-c) kind=none ;;
        --threads|-t) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=file
      ;;
    "route calibrate")
      options="--max-worse --confidence --method --decide-at --early-loss --task --feature --isotonic --penalty --fit-share --calibrate-share --split-seed --model-digest --template-hash --early-tokens --out --plot --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --max-worse) kind=none ;;
        --confidence) kind=none ;;
        --method) kind=choice values="ltt crc" ;;
        --decide-at) kind=choice values="prefill early end" ;;
        --early-loss) kind=none ;;
        --task) kind=none ;;
        --feature) kind=none ;;
        --penalty) kind=none ;;
        --fit-share) kind=none ;;
        --calibrate-share) kind=none ;;
        --split-seed) kind=none ;;
        --model-digest) kind=none ;;
        --template-hash) kind=none ;;
        --early-tokens) kind=none ;;
        --out) kind=file ;;
        --plot) kind=file ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=file
      ;;
    "route bench")
      options="--data --recorded --cloud --mix --price-in --price-out --price-local --early-tokens --folds --resamples --seed --threads --out --plots --rows --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --data) kind=folder ;;
        --recorded) kind=folder ;;
        --cloud) kind=none ;;
        --mix) kind=none ;;
        --price-in) kind=none ;;
        --price-out) kind=none ;;
        --price-local) kind=none ;;
        --early-tokens) kind=none ;;
        --folds) kind=none ;;
        --resamples) kind=none ;;
        --seed) kind=none ;;
        --threads|-t) kind=none ;;
        --out|-o) kind=file ;;
        --plots) kind=folder ;;
        --rows) kind=folder ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "route check")
      options="--keys --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "route explain")
      options="--route --tenant --at --assume --file --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --route) kind=none ;;
        --tenant) kind=none ;;
        --at) kind=none ;;
        --assume) kind=none ;;
        --file) kind=file ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "route import")
      options="--format --cloud --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --format) kind=choice values="auto litellm lemonade" ;;
        --cloud) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=file
      ;;
    "keys create")
      options="--team --role --expires --models --max-budget --budget-currency --budget-duration --rpm-limit --tpm-limit --max-parallel-requests --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --team) kind=none ;;
        --role) kind=choice values="admin operator user viewer" ;;
        --expires) kind=none ;;
        --models) kind=none ;;
        --max-budget) kind=none ;;
        --budget-currency) kind=none ;;
        --budget-duration) kind=none ;;
        --rpm-limit) kind=none ;;
        --tpm-limit) kind=none ;;
        --max-parallel-requests) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "keys") kind=choice values="create list show update block delete" ;;
    "keys list")
      options="--all --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "keys show")
      options="--json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "keys update")
      options="--team --role --expires --models --max-budget --budget-currency --budget-duration --rpm-limit --tpm-limit --max-parallel-requests --alias --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --team) kind=none ;;
        --role) kind=choice values="admin operator user viewer" ;;
        --expires) kind=none ;;
        --models) kind=none ;;
        --max-budget) kind=none ;;
        --budget-currency) kind=none ;;
        --budget-duration) kind=none ;;
        --rpm-limit) kind=none ;;
        --tpm-limit) kind=none ;;
        --max-parallel-requests) kind=none ;;
        --alias) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "keys block")
      options="--off --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "keys delete")
      options="--json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "teams create")
      options="--models --max-budget --budget-currency --budget-duration --rpm-limit --tpm-limit --max-parallel-requests --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --models) kind=none ;;
        --max-budget) kind=none ;;
        --budget-currency) kind=none ;;
        --budget-duration) kind=none ;;
        --rpm-limit) kind=none ;;
        --tpm-limit) kind=none ;;
        --max-parallel-requests) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "teams") kind=choice values="create list show update block delete" ;;
    "teams list")
      options="--all --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "teams show")
      options="--json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "teams update")
      options="--models --max-budget --budget-currency --budget-duration --rpm-limit --tpm-limit --max-parallel-requests --alias --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --models) kind=none ;;
        --max-budget) kind=none ;;
        --budget-currency) kind=none ;;
        --budget-duration) kind=none ;;
        --rpm-limit) kind=none ;;
        --tpm-limit) kind=none ;;
        --max-parallel-requests) kind=none ;;
        --alias) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "teams block")
      options="--off --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "teams delete")
      options="--json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "prices list")
      options="--provider --versions --jsonl --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --provider) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "prices") kind=choice values="list show update check" ;;
    "prices show")
      options="--provider --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --provider) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "prices update")
      options="--merge --built-in --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=file
      ;;
    "prices check")
      options="--json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=file
      ;;
    "ledger summary")
      options="--since --until --by --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --since) kind=none ;;
        --until) kind=none ;;
        --by) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "ledger") kind=choice values="summary verify export report whatif" ;;
    "ledger verify")
      options="--head --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --head) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "ledger export")
      options="--since --until --format --out --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --since) kind=none ;;
        --until) kind=none ;;
        --format) kind=choice values="csv jsonl" ;;
        --out) kind=file ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "ledger report")
      options="--since --until --out --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --since) kind=none ;;
        --until) kind=none ;;
        --out) kind=file ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "ledger whatif")
      options="--cloud --provider --requests --ledger --since --until --count --prompt --cached --answer --local-share --tried-share --days --machine-price --years --utilisation --watts --watts-idle --kwh-price --prompt-rate --answer-rate --plot --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --cloud) kind=none ;;
        --provider) kind=none ;;
        --requests) kind=file ;;
        --since) kind=none ;;
        --until) kind=none ;;
        --count) kind=none ;;
        --prompt) kind=none ;;
        --cached) kind=none ;;
        --answer) kind=none ;;
        --local-share) kind=none ;;
        --tried-share) kind=none ;;
        --days) kind=none ;;
        --machine-price) kind=none ;;
        --years) kind=none ;;
        --utilisation) kind=none ;;
        --watts) kind=none ;;
        --watts-idle) kind=none ;;
        --kwh-price) kind=none ;;
        --prompt-rate) kind=none ;;
        --answer-rate) kind=none ;;
        --plot) kind=file ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "doctor")
      options="--json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "top")
      options="--interval --count --key --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --interval|-i) kind=none ;;
        --count|-n) kind=none ;;
        --key) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "config show")
      options="--origin --changed --json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "config") kind=choice values="show check" ;;
    "config check")
      options="--config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "secret seal")
      options="--out --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --out|-o) kind=file ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "secret") kind=choice values="seal" ;;
    "completions")
      options="--config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=choice values="bash zsh fish"
      ;;
    "version")
      options="--json --config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      ;;
    "help")
      options="--config --models-dir --air-gapped --database --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
        --database) kind=file ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=choice values="run serve embed perplexity bench plan pull pack list show rm import tokenize detokenize template render prefix save redact privacy train route train route evaluate route label route calibrate route bench route check route explain route import keys create keys list keys show keys update keys block keys delete teams create teams list teams show teams update teams block teams delete prices list prices show prices update prices check ledger summary ledger verify ledger export ledger report ledger whatif doctor top config show config check secret seal completions version help"
      ;;
  esac
  if [[ $cur == -* && -z $kind ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
    return
  fi
  case $kind in
    none) return ;;
    model) values=$(croft list --names 2>/dev/null) ;;
  esac
  COMPREPLY=($(compgen -W "$values" -- "$cur"))
  case $kind in
    file|model)
      compopt -o filenames 2>/dev/null
      COMPREPLY+=($(compgen -f -- "$cur")) ;;
    folder)
      compopt -o filenames 2>/dev/null
      COMPREPLY+=($(compgen -d -- "$cur")) ;;
  esac
  declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$cur"
}
complete -F _croft croft
