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
      template|prefix|config) ((i + 1 < cword)) && verb+=" ${words[i + 1]}" ;;
    esac
    break
  done
  case $verb in
    "")
      options="--config --models-dir --quiet --no-color --help --version"
      [[ $cur != -* ]] && kind=choice values="run serve embed perplexity bench plan pull pack list show rm import tokenize detokenize template prefix doctor top config completions version help"
      ;;
    "run")
      options="--max-tokens --system --raw --template --stats --json --temperature --top-k --top-p --min-p --repetition-penalty --seed --draft --context --kv-type --threads --config --models-dir --quiet --no-color --help"
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
      esac
      [[ -z $kind && $cur != -* ]] && kind=model
      ;;
    "serve")
      options="--model --also --pin --keep-alive --models-memory --host --port --parallel --prefix-cache --prefix --no-prompt-lookup --draft --context --kv-type --threads --prefill-chunk --queue --queue-wait --key-file --require-key --allow-origin --allow-host --drain --log-level --log-json --log-prompts --config --models-dir --quiet --no-color --help"
      case $prev in
        --model|-m) kind=model ;;
        --also) kind=model ;;
        --pin) kind=none ;;
        --keep-alive) kind=none ;;
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
      esac
      ;;
    "embed")
      options="--model --threads --json --config --models-dir --quiet --no-color --help"
      case $prev in
        --model|-m) kind=model ;;
        --threads|-t) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "perplexity")
      options="--model --file --window --windows --kv-type --threads --json --config --models-dir --quiet --no-color --help"
      case $prev in
        --model|-m) kind=model ;;
        --file|-f) kind=file ;;
        --window) kind=none ;;
        --windows) kind=none ;;
        --kv-type) kind=choice values="f32 f16 bf16 q8_0" ;;
        --threads|-t) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      ;;
    "bench")
      options="--model --prompt-tokens --generate-tokens --depth --repetitions --seqs --kv-type --threads --json --config --models-dir --quiet --no-color --help"
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
      esac
      ;;
    "plan")
      options="--model --rates --mix --spread --first-ms --between-ms --percentile --at --requests-per-user --busy-hour-share --parallel --prefix-cache --context --kv-type --threads --prefill-chunk --seed --json --config --models-dir --quiet --no-color --help"
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
      esac
      ;;
    "pull")
      options="--from --pack --json --config --models-dir --quiet --no-color --help"
      case $prev in
        --from) kind=file ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "pack")
      options="--output --force --threads --json --config --models-dir --quiet --no-color --help"
      case $prev in
        --output|-o) kind=file ;;
        --threads|-t) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=model
      ;;
    "list")
      options="--catalogue --names --json --config --models-dir --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      ;;
    "show")
      options="--metadata --tensors --chat-template --context --parallel --kv-type --json --config --models-dir --quiet --no-color --help"
      case $prev in
        --context|-c) kind=none ;;
        --parallel) kind=none ;;
        --kv-type) kind=choice values="f32 f16 bf16 q8_0" ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=model
      ;;
    "rm")
      options="--yes --config --models-dir --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=model
      ;;
    "import")
      options="--name --mode --licence --json --config --models-dir --quiet --no-color --help"
      case $prev in
        --name) kind=none ;;
        --mode) kind=choice values="copy move link" ;;
        --licence) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=file
      ;;
    "tokenize")
      options="--model --no-special --parse-special --pieces --json --config --models-dir --quiet --no-color --help"
      case $prev in
        --model|-m) kind=model ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "detokenize")
      options="--model --special --json --config --models-dir --quiet --no-color --help"
      case $prev in
        --model|-m) kind=model ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "template render")
      options="--input --now --model --config --models-dir --quiet --no-color --help"
      case $prev in
        --input) kind=file ;;
        --now) kind=none ;;
        --model|-m) kind=model ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=file
      ;;
    "template") kind=choice values="render" ;;
    "prefix save")
      options="--model --system --file --raw --output --kv-type --threads --json --config --models-dir --quiet --no-color --help"
      case $prev in
        --model|-m) kind=model ;;
        --system) kind=none ;;
        --file|-f) kind=file ;;
        --output|-o) kind=file ;;
        --kv-type) kind=choice values="f32 f16 bf16 q8_0" ;;
        --threads|-t) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      ;;
    "prefix") kind=choice values="save" ;;
    "doctor")
      options="--json --config --models-dir --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      ;;
    "top")
      options="--interval --count --key --json --config --models-dir --quiet --no-color --help"
      case $prev in
        --interval|-i) kind=none ;;
        --count|-n) kind=none ;;
        --key) kind=none ;;
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=none
      ;;
    "config show")
      options="--origin --changed --json --config --models-dir --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      ;;
    "config") kind=choice values="show check" ;;
    "config check")
      options="--config --models-dir --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      ;;
    "completions")
      options="--config --models-dir --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=choice values="bash zsh fish"
      ;;
    "version")
      options="--json --config --models-dir --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      ;;
    "help")
      options="--config --models-dir --quiet --no-color --help"
      case $prev in
        --config) kind=file ;;
        --models-dir) kind=folder ;;
      esac
      [[ -z $kind && $cur != -* ]] && kind=choice values="run serve embed perplexity bench plan pull pack list show rm import tokenize detokenize template render prefix save doctor top config show config check completions version help"
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
