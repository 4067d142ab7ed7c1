"""Goal: `croft privacy train` makes the tagger of names that the program holds, the same bytes each time, and its mistakes are sentences.

Method: the built program on the folder of Croft's own lists, and on small ones written here. No model is needed.
"""
import json
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness

OWN = harness.ROOT / "data/privacy"
LISTS = {"first_names.txt": "Ann\nMaria\nTom\n", "last_names.txt": "Lee\nNovak\n", "cities.txt": "York\nNew York\n",
         "words.txt": "the\nlives\nin\nand\n",
         "templates.txt": "= text\n{text.en}\n= text.en\n3* {PERSON} lives in {LOCATION}.\nthe {PERSON} and the {PERSON} in {LOCATION}\n= PERSON\n"
                          "<first_names> <last_names>\n= LOCATION\n<cities>\n"}


class PrivacyTrainTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="croft-train-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.lists = self.folder / "lists"
        self.lists.mkdir()
        for name, text in LISTS.items():
            (self.lists / name).write_text(text, encoding="utf-8")

    def train(self, out, *options, lists=None):
        done = harness.run("privacy", "train", lists or self.lists, "--out", out, *options, timeout=1200)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode()

    def refused(self, says, *arguments, code=2):
        done = harness.run("privacy", "train", *arguments)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, code, said)
        self.assertRegex(said, r"croft: [^\n]+\n\Z")
        self.assertIn(says, said)

    def test_the_programs_own_model_is_what_it_makes(self):
        made = self.folder / "made.model"
        said = self.train(made, lists=OWN)
        self.assertIn("PERSON", said)
        self.assertTrue(made.read_bytes() == (OWN / "names.model").read_bytes(),
                        "train data/privacy/names.model again (data/privacy/README.md)")

    def test_the_same_makes_the_same(self):
        one, two, three = (self.folder / name for name in ("one", "two", "three"))
        small = ("--texts", "500", "--bucket-bits", "6")
        self.train(one, *small)
        report = json.loads(self.train(two, *small, "--json"))
        self.assertEqual(one.read_bytes(), two.read_bytes())
        self.train(three, *small, "--seed", "2")
        self.assertNotEqual(one.read_bytes(), three.read_bytes())
        self.assertEqual((report["texts"], report["templates"], report["seed"]), (500, 2, 1))
        self.assertEqual(report["held_out"][0]["type"], "PERSON")

    def test_mistakes(self):
        out = self.folder / "out.model"
        self.refused("no-such-folder", "no-such-folder", "--out", out, code=harness.run("show", "no-such.gguf").returncode)
        self.refused("--out", self.lists, "--out", self.folder / "none" / "x.model", code=harness.run("show", "no-such.gguf").returncode)
        self.refused("is a folder", self.lists, "--out", self.folder)
        for text, says in (("= text\n{PERSON} and {GONE}.\n= PERSON\nx\n", "GONE"), ("= text\n{PERSON\n", "line 2"),
                           ("= text\n<no_list>\n", "no_list"), ("hello\n", "line 1")):
            (self.lists / "templates.txt").write_text(text, encoding="utf-8")
            self.refused(says, self.lists, "--out", out)
        (self.lists / "templates.txt").write_bytes(b"= text\n\xff\n")
        self.refused("not UTF-8", self.lists, "--out", out)
        shutil.rmtree(self.lists)
        self.lists.mkdir()
        self.refused("templates.txt", self.lists, "--out", out, code=harness.run("show", "no-such.gguf").returncode)
        self.assertFalse(out.exists())


if __name__ == "__main__":
    harness.main()
