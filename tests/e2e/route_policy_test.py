"""Goal: `croft route check`, `explain` and `import` do what their help says, and every mistake in croft.toml is a
sentence with file, line and key.

Method: the built program on configurations in a temporary folder; no model is needed (the library is an empty folder
with one path that counts as a model), and nothing is sent anywhere.
"""
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness

MODEL = harness.ROOT / "tests/data/stories260K.gguf"
HEAD = f"""
[upstreams.one]
dialect = "openai"
url = "https://one.example.com/v1"
key_env = "CROFT_TEST_ONE_KEY"

[models.dear]
upstream = "one"
price_in = 10
price_out = 30

[models.cheap]
upstream = "one"
price_in = 1
price_out = 2

[routes."croft/auto"]
local = ["{MODEL}"]
cloud = ["dear", "cheap"]
"""
RULES = """
[[routes."croft/auto".rules]]
name = "night"
when = { hours = "22:00-06:00", days = ["mon-fri"] }
use = "local"

[[routes."croft/auto".rules]]
name = "refunds"
when = { intent = "refund", not = { tenant = "vip-*" } }
use = "cloud"
reason = "refunds need the large model"

[[routes."croft/auto".rules]]
name = "long"
when = { tokens_min = 200 }
use = "dear"
"""
DAY = ("--at", "2026-11-23T12:00")  # a Monday


class RoutePolicyTest(unittest.TestCase):
    def setUp(self):
        harness.require_model(MODEL)
        folder = tempfile.TemporaryDirectory(prefix="croft-route-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "models").mkdir()
        self.write("")

    def write(self, text, name="croft.toml"):
        path = self.folder / name
        path.write_text(text)
        return path

    def croft(self, *arguments, stdin=b"", **environment):
        return harness.run(*arguments, stdin=stdin, CROFT_CONFIG=str(self.folder / "croft.toml"),
                           CROFT_MODELS_DIR=str(self.folder / "models"), **environment)

    def explain(self, *arguments):
        done = self.croft("route", "explain", *arguments, "--json")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return json.loads(done.stdout)

    def refused(self, says, *arguments, code=2, stdin=b""):
        done = self.croft(*arguments, stdin=stdin)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, code, said)
        self.assertRegex(said, r"\Acroft: [^\n]+\n\Z")
        self.assertIn(says, said)
        self.assertEqual(done.stdout, b"")

    def test_check_lists_routes(self):
        self.write(HEAD + RULES)
        done = self.croft("route", "check", "--json", CROFT_TEST_ONE_KEY="x")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        checked = json.loads(done.stdout)
        self.assertTrue(checked["ok"])
        route, = checked["routes"]
        self.assertEqual(route["default"], "cascade")
        self.assertEqual([each["model"] for each in route["candidates"]], [str(MODEL), "dear", "cheap"])
        self.assertEqual(route["candidates"][1]["price_out"], 30)
        self.assertEqual([each["name"] for each in route["rules"]], ["night", "refunds", "long"])
        warnings = [each["message"] for each in checked["problems"]]
        self.assertEqual(len(warnings), 2, warnings)  # no calibration, no intent model
        text = self.croft("route", "check")
        self.assertEqual(text.returncode, 0)
        self.assertIn("10 in, 30 out per million tokens, USD", text.stdout.decode())
        self.assertIn("CROFT_TEST_ONE_KEY, which is not set here", text.stderr.decode())

    def test_check_names_file_line_and_key(self):
        path = self.write(HEAD.replace("dialect", "dialekt").replace("price_out = 2\n", "") + 'defualt = "cloud"\n')
        done = self.croft("route", "check")
        self.assertEqual(done.returncode, 1)
        said = done.stderr.decode()
        self.assertIn(f"{path}:3: upstreams.one.dialekt is no key of this table. Did you mean dialect?", said)
        self.assertIn(f"{path}:12: models.cheap has no price", said)
        self.assertIn(f'{path}:19: routes."croft/auto".defualt is no key of this table. Did you mean default?', said)
        self.refused("lists all 4 mistakes", "route", "explain", "hello")

    def test_check_never_shows_a_key(self):
        self.write('[upstreams.x]\ndialect = "openai"\nurl = "https://me:sk-aaa@example.com"\napi_key = "sk-aaa"\n'
                   'key_env = "sk-aaa"\nheaders = { Authorization = "Bearer sk-aaa" }\n')
        for options in ((), ("--json",)):
            done = self.croft("route", "check", *options)
            self.assertEqual(done.returncode, 1)
            self.assertNotIn(b"sk-aaa", done.stdout + done.stderr)

    def test_check_wants_private_key_files(self):
        key = self.write("sk-aaa", "key")
        os.chmod(key, 0o644)
        self.write(HEAD.replace('key_env = "CROFT_TEST_ONE_KEY"', 'key_file = "key"'))
        done = self.croft("route", "check")
        self.assertEqual(done.returncode, 1)
        self.assertIn("which others may read or change. chmod 600", done.stderr.decode())
        os.chmod(key, 0o600)
        self.assertEqual(self.croft("route", "check").returncode, 0)

    def test_other_verbs_do_not_mind_the_router_tables(self):
        self.write(HEAD + RULES + "[serve]\nport = 9000\n")
        shown = self.croft("config", "show", "--changed")
        self.assertEqual(shown.returncode, 0, shown.stderr.decode())
        self.assertIn("serve.port = 9000", shown.stdout.decode())
        self.write('[upstream.one]\ndialect = "openai"\n')
        self.refused("Did you mean upstreams.one.dialect?", "route", "check")

    def test_later_files_replace_whole_entries(self):
        home = self.folder / "croft"
        (home / "conf.d").mkdir(parents=True)
        (home / "croft.toml").write_text(HEAD)
        (home / "conf.d/10-cheap.toml").write_text('[models.cheap]\nupstream = "one"\nfree = true\n')
        done = harness.run("route", "check", "--json", XDG_CONFIG_HOME=str(self.folder), CROFT_CONFIG="",
                           CROFT_MODELS_DIR=str(self.folder / "models"))
        route, = [each for each in json.loads(done.stdout)["routes"] if each["route"] == "croft/auto"]
        self.assertEqual(route["candidates"][2]["price_in"], 0)

    def test_keys_reference(self):
        done = self.croft("route", "check", "--keys")
        self.assertEqual(done.stdout, (harness.ROOT / "docs/routing-config.md").read_bytes())
        example = done.stdout.decode().split("```toml\n")[1].split("```")[0]
        self.write(example.replace('"smollm2:135m"', f'"{MODEL}"').replace("calibration", "# calibration"))
        checked = self.croft("route", "check", "--json")
        self.assertEqual(checked.returncode, 0, checked.stdout.decode())

    def test_explain_fails_closed(self):
        self.write(HEAD + RULES)
        unknown = self.explain("hello", *DAY, "--assume", "sensitivity=unknown")
        self.assertEqual((unknown["mode"], unknown["reason"]), ("local", "not_examined"))
        found = self.explain("hello", *DAY, "--assume", "sensitivity=IBAN_CODE")
        self.assertEqual((found["mode"], found["reason"]), ("local", "sensitive"))
        clean = self.explain("hello", *DAY, "--assume", "sensitivity=none")
        self.assertEqual(clean["mode"], "cascade")
        self.assertEqual([each["model"] for each in clean["candidates"]], [str(MODEL), "cheap", "dear"])

    def test_explain_runs_the_gates(self):
        self.write(HEAD + RULES)
        self.assertEqual(self.explain("hello", *DAY)["mode"], "cascade", "examined, and nothing was found")
        card = self.explain("My card is 4111 1111 1111 1111.", *DAY)
        self.assertEqual((card["mode"], card["reason"]), ("local", "sensitive"))
        rows = [{"text": f"{words} number {n}", "label": label} for n in range(40)
                for words, label in (("give me my money back for order", "refund"), ("what is the weather on day", "weather"))]
        data = self.write("\n".join(map(json.dumps, rows)) + "\n", "intents.jsonl")
        trained = self.croft("route", "train", data, "--out", self.folder / "intents.bin")
        self.assertEqual(trained.returncode, 0, trained.stderr.decode())
        self.write(HEAD + f'intents = "{self.folder / "intents.bin"}"\n' + RULES)
        self.assertEqual(self.explain("give me my money back for order number 7", *DAY, "--tenant", "acme")["rule"], "refunds")
        self.assertEqual(self.explain("what is the weather on day number 7", *DAY, "--tenant", "acme")["rule"], "default")
        path = self.write(json.dumps({"prompt": "give me my money back", "expected": "refunds"}), "rows.jsonl")
        self.assertEqual(self.explain(*DAY, "--tenant", "acme", "--file", path)["right"], 1)

    def test_explain_rules(self):
        self.write(HEAD + RULES)
        clean = ("--assume", "sensitivity=none")
        night = self.explain("hello", "--at", "mon 23:00", *clean)
        self.assertEqual((night["rule"], night["mode"]), ("night", "local"))
        self.assertEqual(self.explain("hello", "--at", "sat 05:59", *clean)["rule"], "night")
        self.assertEqual(self.explain("hello", "--at", "sat 23:00", *clean)["rule"], "default")
        refund = self.explain("hello", *DAY, *clean, "--assume", "intent=refund:0.9", "--tenant", "acme")
        self.assertEqual((refund["rule"], refund["mode"]), ("refunds", "cloud"))
        self.assertIn("refunds need the large model", refund["sentence"])
        vip = self.explain("hello", *DAY, *clean, "--assume", "intent=refund", "--tenant", "vip-one")
        self.assertEqual(vip["rule"], "default")
        missed = [each for each in vip["rules"] if each["rule"] == "refunds"][0]
        self.assertEqual([each["holds"] for each in missed["conditions"]], ["yes", "no"])
        long = self.explain("word " * 200, *DAY, *clean)
        self.assertEqual((long["rule"], long["candidates"][0]["model"]), ("long", "dear"))
        text = self.croft("route", "explain", "-", *DAY, *clean, stdin=b"hello \x1b[2J").stdout.decode()
        self.assertIn("rule 'long'", text)
        self.assertNotIn("\x1b[2J", text)

    def test_explain_mistakes(self):
        self.write(HEAD)
        self.refused("Did you mean croft/auto?", "route", "explain", "x", "--route", "croft/auot", code=3)
        self.refused("which is no time", "route", "explain", "x", "--at", "noon")
        self.refused("which is no time", "route", "explain", "x", "--at", "2026-02-30T10:00")
        self.refused("is no signal. Did you mean intent?", "route", "explain", "x", "--assume", "intnet=a")
        self.refused("no prompt is given", "route", "explain")
        self.refused("are both given", "route", "explain", "x", "--file", "-")
        self.write("")
        self.refused("the configuration has no routes", "route", "explain", "x", code=3)

    def test_dry_run(self):
        self.write(HEAD + RULES)
        rows = [{"prompt": "hello", "expected": "cascade"},
                {"prompt": "word " * 200, "expected": "dear"},
                {"prompt": "hello", "expected": "long"},
                {"request": {"messages": [{"role": "user", "content": "x"}], "tools": [{}]}, "tenant": "acme"}]
        path = self.write("\n".join(map(json.dumps, rows)) + "\n\n", "rows.jsonl")
        options = (*DAY, "--assume", "sensitivity=none", "--file", path)
        result = self.explain(*options)
        self.assertEqual((result["labelled"], result["right"]), (3, 2))
        self.assertEqual(result["confusion"]["labels"], ["cascade", "dear", "long", "default"])
        self.assertEqual(result["confusion"]["counts"][2], [0, 0, 0, 1])
        self.assertIn("2 of 3 as expected", self.croft("route", "explain", *options).stdout.decode())
        for line, says in (('{"prompt": 5}', "rows.jsonl:1: prompt must be a string"),
                           ('{"prompt": "x", "expect": "y"}', "Did you mean expected?"),
                           ('{"prompt": "x", "expected": "y"}', "rows.jsonl:1 expects 'y'"),
                           ("{}", "must have one of prompt and request"),
                           ("[]", "rows.jsonl:1 is no JSON object"), ("{", "rows.jsonl:1 is not valid JSON"),
                           ("", "has no prompt in it")):
            path.write_text(line)
            self.refused(says, "route", "explain", "--file", path)
        path.write_text('{"prompt": "x"}\n' * 101)
        self.refused("at most 100 prompts", "route", "explain", "--file", path, code=6)

    def test_import_litellm_gives_what_check_accepts(self):
        path = self.write("""
model_list:
  - model_name: chat
    litellm_params:
      model: openai/gpt-x
      api_key: os.environ/OPENAI_API_KEY
      input_cost_per_token: 0.0000025
      output_cost_per_token: 1e-5
      rpm: 100
  - model_name: chat
    litellm_params: {model: ollama/tiny, weight: 2}
router_settings: {fallbacks: [{chat: [here]}], num_retries: 1}
""", "config.yaml")
        done = self.croft("route", "import", path)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        said = done.stderr.decode()
        self.assertIn(f"{path}:9: model_list[0].litellm_params.rpm not carried over: ", said)
        self.assertIn("router_settings.fallbacks[0].chat[0] not carried over: names no model", said)
        self.write(done.stdout.decode())
        checked = self.croft("route", "check", "--json")
        self.assertEqual(checked.returncode, 0, checked.stdout.decode())
        self.assertEqual(json.loads(checked.stdout)["routes"][0]["candidates"][0]["price_in"], 2.5)
        decided = self.explain("hello", "--assume", "sensitivity=none")
        self.assertEqual(decided["mode"], "cloud")

    def test_import_lemonade(self):
        policy = {"version": "1", "model_name": "user.Own", "recipe": "collection.router",
                  "routing": {"candidates": [str(MODEL), "large"], "default_model": str(MODEL), "rules": [
                      {"id": "words", "match": {"keywords_any": ["Alpha"]}, "route_to": "large"},
                      {"id": "short", "match": {"not": {"min_chars": 4}}, "route_to": str(MODEL)},
                      {"id": "shape", "match": {"regex": "a+"}, "route_to": "large"}]}}
        done = self.croft("route", "import", "-", "--cloud", "large", "--json", stdin=json.dumps(policy).encode())
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        made = json.loads(done.stdout)
        paths = {each["path"]: each["kind"] for each in made["notes"]}
        self.assertEqual(paths["routing.rules[2]"], "not carried over")
        self.assertEqual(paths["routing.default_model"], "changed")
        finished = made["toml"].replace("# upstream =   # an entry of [upstreams]", 'upstream = "one"')
        finished = finished.replace("# price_in =   # per million tokens\n# price_out =", "free = true")
        self.write('[upstreams.one]\ndialect = "openai"\nurl = "https://one.example.com"\n' + finished)
        clean = ("--assume", "sensitivity=none")
        self.assertEqual(self.explain("say ALPHA", *clean)["candidates"][0]["model"], "large")
        self.assertEqual(self.explain("abc", *clean)["rule"], "short")
        self.assertEqual(self.explain("abcd", *clean)["rule"], "default")

    def test_import_mistakes(self):
        self.refused("neither a model_list (LiteLLM) nor a routing table", "route", "import", "-", stdin=b"a: 1")
        self.refused("--cloud is for lemonade only", "route", "import", "-", "--format", "litellm", "--cloud", "x",
                     stdin=b"model_list: [1]")
        self.refused("absent.yaml: No such file", "route", "import", self.folder / "absent.yaml", code=3)
        self.refused("nested too deep", "route", "import", "-", stdin=b"- " * 100 + b"x")


if __name__ == "__main__":
    harness.main()
