// Goal: prompt features say what a person would say of these prompts, and "no signal" where a
// person could not tell. Method: tables of sentences written for this test, with the answers;
// extreme and random bytes.
#include "router/gates/prompt_features.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace croft {
namespace {

TEST(PromptFeatures, Lengths) {
  const struct {
    std::string text;
    std::size_t characters, words;
  } cases[] = {
      {"", 0, 0},
      {" \n\t", 3, 0},
      {"one", 3, 1},
      {" one  two ", 10, 2},
      {"grün über", 9, 2},
      {"日本語", 3, 1},
      {std::string(300, 'a') + " " + std::string(300, 'b'), 601, 2},
      {std::string(128, ' ') + "x", 129, 1},
      {std::string(127, ' ') + "xy z", 131, 2},
  };
  for (const auto& [text, characters, words] : cases) {
    const PromptFeatures features = read_prompt(text);
    EXPECT_EQ(features.bytes, text.size());
    EXPECT_EQ(features.characters, characters) << text;
    EXPECT_EQ(features.words, words) << text;
  }
}

TEST(PromptFeatures, TokensAreNotUnderestimated) {
  // Counts of SmolLM2's tokenizer, which knows little but English: the most of those we know.
  const struct {
    std::string_view text;
    std::size_t tokens;
  } cases[] = {
      {"The quick brown fox jumps over the lazy dog.", 10},
      {"1234567890", 10},
      {"Napisz list do właściciela mieszkania, że nie działa ogrzewanie i żeby przyszedł jutro "
       "rano. ",
       52},
      {"구독을 어떻게 취소하나요? 위약금이 있습니까? ", 55},
  };
  for (const auto& [text, tokens] : cases)
    EXPECT_GE(read_prompt(text).tokens_estimated, tokens) << text;
  EXPECT_LE(read_prompt("The quick brown fox jumps over the lazy dog.").tokens_estimated, 25u);
}

TEST(PromptFeatures, Languages) {
  const struct {
    std::string_view text, language;
  } cases[] = {
      {"What is the capital of the country where he was born?", "en"},
      {"Please write a short letter to my landlord about the broken heating", "en"},
      {"How do I get the train from here to the airport?", "en"},
      {"Wie komme ich am schnellsten vom Bahnhof zum Flughafen?", "de"},
      {"Bitte schreibe mir eine kurze Nachricht, dass ich heute nicht kommen kann", "de"},
      {"Was ist der Unterschied zwischen einer Katze und einem Hund", "de"},
      {"Comment puis-je annuler mon abonnement sans payer de frais ?", "fr"},
      {"Écris une lettre à mon propriétaire pour le chauffage qui est en panne", "fr"},
      {"¿Cómo puedo cancelar mi suscripción sin pagar nada más?", "es"},
      {"Escribe una carta para el dueño de la casa porque no hay agua", "es"},
      {"Come posso disdire il mio abbonamento senza pagare una penale?", "it"},
      {"Scrivi una lettera per il padrone di casa che non risponde", "it"},
      {"Como posso cancelar a minha assinatura sem pagar uma multa?", "pt"},
      {"Escreva uma carta para o dono da casa porque não há água", "pt"},
      {"Hoe kan ik mijn abonnement opzeggen zonder een boete te betalen?", "nl"},
      {"Schrijf een brief aan de eigenaar van het huis over de verwarming", "nl"},
      {"Jak mogę anulować moją subskrypcję, żeby nie płacić kary?", "pl"},
      {"Napisz list do właściciela mieszkania, że nie działa ogrzewanie", "pl"},
      {"请问怎么取消我的订阅", "zh"},
      {"サブスクリプションを解約するにはどうすればいいですか", "ja"},
      {"구독을 어떻게 취소하나요", "ko"},
      {"Как мне отменить подписку и не платить штраф?", "ru"},
      {"Объясни, что такое объект", "ru"},
      {"Πώς μπορώ να ακυρώσω τη συνδρομή μου;", "el"},
      {"كيف يمكنني إلغاء اشتراكي", "ar"},
      {"איך אני מבטל את המנוי שלי", "he"},
      {"मैं अपनी सदस्यता कैसे रद्द करूँ", "hi"},
      {"ฉันจะยกเลิกการสมัครสมาชิกได้อย่างไร", "th"},
  };
  for (const auto& [text, language] : cases)
    EXPECT_EQ(read_prompt(text).language, language) << text;
}

TEST(PromptFeatures, NoSignalForLanguage) {
  for (const std::string_view text : {
           "",
           "ok",
           "Hello",
           "Berlin Paris Madrid",
           "12345 67890",
           "https://example.com/a/b",
           "haus maison casa house",
           "xkcd qwfp zxcv",
           "die",
           "la casa",
           // Half and half.
           "Was ist der Unterschied zwischen the cat and the dog that I have",
           "请问 what is the price of this 多少钱 and where can I buy it 谢谢",
           // Languages that are none of ours, beside ones that are.
           "Hur kan jag avsluta min prenumeration utan att betala en avgift?",
           "Hvordan kan jeg opsige mit abonnement uden at skulle betale et gebyr?",
           "Як мені скасувати підписку і не платити штраф?",
           "Как мога да се откажа от абонамента си в събота и съответно да получа обратно парите",
           "چگونه می‌توانم اشتراک خود را لغو کنم",
           "Aboneliğimi ücret ödemeden nasıl iptal edebilirim?",
           "Jak mohu zrušit své předplatné, když už ho nechci a kde to je?",
       })
    EXPECT_EQ(read_prompt(text).language, "") << text;
}

TEST(PromptFeatures, Code) {
  for (const std::string_view text : {
           "Why does this fail?\n```python\nprint(x)\n```",
           "def add(a, b):\n    return a + b\n\nprint(add(1, 2))",
           "#include <stdio.h>\nint main() {\n  return 0;\n}",
           "const f = (x) => x * 2;\nlet y = f();\n",
           "if (a == b && c != d) {\n  run();\n}",
           "Explain SELECT name FROM users WHERE id = 3",
           "<div><p>Hello</p></div></body>",
           "fn main() {\n    let v: Vec<u8> = Vec::new();\n}",
       })
    EXPECT_TRUE(read_prompt(text).has_code) << text;
  for (const std::string_view text : {
           "",
           "Please return the class register before the import duty is due.",
           "I love this; it is great -> really (no, truly)!",
           "Can you explain what a function is?",
           "What is 3 + 4?",
           "The public and private sectors let the void be true.\n\nSee you; bye.",
       })
    EXPECT_FALSE(read_prompt(text).has_code) << text;
}

TEST(PromptFeatures, Formats) {
  for (const std::string_view text :
       {"List the planets as JSON", "Answer in json.", "Return a JSON object with name and age",
        "Give me the result as a JSON array", "Antworte als JSON", "Réponds en JSON",
        "Output valid JSON only"}) {
    EXPECT_TRUE(read_prompt(text).wants_json) << text;
    EXPECT_FALSE(read_prompt(text).wants_table) << text;
  }
  for (const std::string_view text :
       {"Show the results as a table", "Compare them in a markdown table",
        "Give me a table with columns for name and price", "Zeige das als Tabelle",
        "Fais-le sous forme de tableau, en tableau", "Stelle es in einer Tabelle dar"}) {
    EXPECT_TRUE(read_prompt(text).wants_table) << text;
    EXPECT_FALSE(read_prompt(text).wants_json) << text;
  }
  for (const std::string_view text :
       {"What is JSON?", "Who invented json and why", "Book a table for two at eight",
        "The table is made of oak", "I sat down at the table"}) {
    EXPECT_FALSE(read_prompt(text).wants_json) << text;
    EXPECT_FALSE(read_prompt(text).wants_table) << text;
  }
}

TEST(PromptFeatures, Mathematics) {
  for (const std::string_view text :
       {"What is 12 * 7?", "solve x + 3 = 10", "2x = 8", "12 - 5", "3+4", "y = 2x + 1",
        "What is 15 percent of 80?", "Calculate the area for r 5", "6 ÷ 2", "2^10"})
    EXPECT_TRUE(read_prompt(text).has_math) << text;
  for (const std::string_view text :
       {"", "I will come on 2024-05-01 at 10:30.", "Call 555-1234 24/7", "The sum was paid.",
        "See https://example.com/a?b=1", "rock-and-roll and/or jazz", "x = y"})
    EXPECT_FALSE(read_prompt(text).has_math) << text;
  EXPECT_EQ(read_prompt("in 2024, 12 of 7").digits_count, 7u);
}

TEST(PromptFeatures, QuestionsAndLinks) {
  const struct {
    std::string_view text;
    std::size_t questions, urls;
  } cases[] = {
      {"Who? What? Really??", 3, 0},
      {"これは何ですか？", 1, 0},
      {"ما هذا؟", 1, 0},
      {"See https://example.com/a?b=1 and http://x.org, or www.example.com", 0, 3},
      {"https://www.example.com/", 0, 1},
      {"the http protocol: nothing", 0, 0},
      {"a.www.b ftp://x", 0, 0},
  };
  for (const auto& [text, questions, urls] : cases) {
    EXPECT_EQ(read_prompt(text).questions_count, questions) << text;
    EXPECT_EQ(read_prompt(text).urls_count, urls) << text;
  }
}

TEST(PromptFeatures, LongPromptsAreReadAtBothEnds) {
  const std::string filler(100'000, 'x');
  const PromptFeatures features =
      read_prompt("Fix this? " + filler + "?" + filler + "\n```\ncode\n```\nAnswer as JSON");
  EXPECT_EQ(features.questions_count, 1u);
  EXPECT_TRUE(features.has_code);
  EXPECT_TRUE(features.wants_json);
  EXPECT_GT(features.bytes, 200'000u);
}

TEST(PromptFeatures, AnyBytes) {
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    std::string text(random() % 6000, '\0');
    for (char& c : text)
      c = static_cast<char>(round % 2 == 0 ? "=+-?.:/w`{}#\xC3\xE2\x80 a1"[random() % 19]
                                           : static_cast<char>(random()));
    const PromptFeatures features = read_prompt(text);
    EXPECT_EQ(features.bytes, text.size());
    EXPECT_LE(features.characters, text.size());
    EXPECT_LE(features.questions_count, text.size());
  }
  // Spaces around signs are looked over both ways: no square of the length may come of it.
  const std::string signs = std::string(3000, ' ') + std::string(2000, '=');
  EXPECT_EQ(read_prompt(signs).bytes, signs.size());
}

}  // namespace
}  // namespace croft
