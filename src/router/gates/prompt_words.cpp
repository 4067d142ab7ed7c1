#include "router/gates/prompt_words.h"

#include <array>

namespace croft {
namespace {

struct WordList {
  std::uint16_t languages;
  std::uint16_t kinds;
  std::string_view words;
};

constexpr std::uint16_t bit(LatinLanguage language) {
  return static_cast<std::uint16_t>(1u << static_cast<unsigned>(language));
}

// Frequent words that say little but which language it is. A word of several languages stands in
// each of their lists.
constexpr WordList lists[] = {
    {bit(LatinLanguage::En), 0,
     "the of and to in is it you that he was for on are with as his they be at this have from or "
     "had by not but what all were we when your can said there an each which she do how their if "
     "will up about then them would like so these her has could my than who did its me please "
     "i am does why where should tell give write make get know our been into any"},
    {bit(LatinLanguage::De), 0,
     "der die das und ist ich nicht ein eine einen einem einer zu den mit von dem auf für im sich "
     "des es wie was wir sie er ihr mir mich dich bitte kann können auch als aus bei nach oder "
     "aber wenn wird werden sind hat haben noch nur mein meine meinen dein ihre über zum zur so "
     "war wo warum welche welcher gibt mehr wurde durch um am zwischen kein keine"},
    {bit(LatinLanguage::Fr), 0,
     "le la les de des du un une et est que qui dans pour pas sur ne se ce il je vous nous au "
     "aux avec son sa ses plus par mais ou où elle on comment quel quelle cette sont mon ma mes "
     "votre peux pouvez fait être avoir tout comme si leur y en l d qu c j n s m quels ai suis "
     "quelles pourquoi bien ça ont"},
    {bit(LatinLanguage::Es), 0,
     "el la los las de del que y en un una es se no por con para al lo como más pero sus le ya o "
     "este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien mi está qué "
     "cómo cuál puedo puede tengo quiero son su fue ha yo usted dónde cuánto tiene ser"},
    {bit(LatinLanguage::It), 0,
     "il lo la i gli le di a da in con su per tra fra e è un uno una che non si mi come più ma "
     "del della dei delle degli al alla nel nella sono ho ha hai questo questa anche cosa quando "
     "dove perché chi quale quanto mio mia puoi posso l d c s essere ci se dal dalla sul sulla"},
    {bit(LatinLanguage::Pt), 0,
     "o a os as de do da dos das e é em um uma que não no na nos nas por para com se mais como "
     "mas ao aos à foi eu você seu sua meu minha ele ela isso este esta está ou quando muito já "
     "também só pelo pela até qual onde quem são tem ser posso pode quero porque num numa"},
    {bit(LatinLanguage::Nl), 0,
     "de het een en van is in te dat die niet ik op zijn met voor er aan maar om ook als naar "
     "hoe wat mijn je jij u we wij ze kan kunt bij uit nog wel door over heb hebben heeft deze "
     "dit worden wordt waar wie waarom geen meer ben hij haar mij kunnen moet wil zou tot"},
    {bit(LatinLanguage::Pl), 0,
     "i w na z się nie do to że jest jak co o po za od czy ale dla tak tym ten ta być mnie mój "
     "moja moje są przez już tylko przy kiedy gdzie ile może można mogę jego jej ich który która "
     "które oraz lub proszę dlaczego we ze by tego tej ma mam mi"},
    {bit(LatinLanguage::Sv), 0,
     "och att det som en är på för av med den till inte jag ett om har de kan hur vad var vi du "
     "från så men eller när min mitt skulle ska finns vilken"},
    {bit(LatinLanguage::Da), 0,
     "og at det som en er på for af med den til ikke jeg et om har de kan hvordan hvad var vi du "
     "fra så men eller når min mit skal hvor der hvilken hva meg"},
    {bit(LatinLanguage::Ro), 0,
     "și în de la cu nu pe este un o să care din ce mai sunt pentru că au al am dar sau cum unde "
     "poate fi cel ale lui să îmi"},
    {bit(LatinLanguage::Cs), 0,
     "a v na se je že to s z do jak co pro o ale za jsem jsou ve by který která jako po od není "
     "kde když mi jaké můj moje jsi"},
    {bit(LatinLanguage::Ca), 0,
     "el la els les de del que i en un una és es amb per no com més però al meva meu què on quan "
     "tinc puc aquest aquesta hi ha són"},
    {bit(LatinLanguage::Tr), 0,
     "ve bir bu da de için ile ne mi çok daha olan gibi var ben sen o ama nasıl neden nerede "
     "kadar olarak değil mı nedir"},
    {bit(LatinLanguage::Fi), 0,
     "ja on ei se että en ovat oli hän mutta kun mitä miten minä sinä missä tai myös niin kuin "
     "voi olen mikä"},
    {bit(LatinLanguage::Hu), 0,
     "a az és nem hogy egy is ez van volt meg de csak mint már kell mi hol hogyan miért vagy "
     "én te lehet"},
    // "import", "class" and "return" are plain English too: code needs several signs.
    {0, word_kind::code,
     "def elif lambda struct const constexpr nullptr println printf namespace typedef func fn "
     "void int bool char async await varchar endif noqa stdout std argv argc kwargs init__ "
     "function class import return include public private static select insert var let null "
     "true false undefined"},
    {0, word_kind::json, "json"},
    {0, word_kind::table, "table tabelle tabellen tableau tabla tabella tabela tabel tabulka"},
    {0, word_kind::asks_for,
     "in as to into return returns output outputs produce valid only markdown html respond reply "
     "answer using generate als im ins gib en au sous como come em com w jako following format "
     "strict single raw"},
    {0, word_kind::article,
     "a an the one einer eine einem ein un une una uma um een formato formato format valid"},
    {0, word_kind::format,
     "object objects array format formatted output schema only response string document columns "
     "form lines with containing objekt ausgabe formato formatu"},
    {0, word_kind::mathematics,
     "solve calculate compute equation integral derivative sum multiply divide sqrt percent "
     "percentage fraction probability square root polynomial matrix theorem proof factorial "
     "berechne löse gleichung calcule calcula calcola résous oblicz bereken equação"},
};

constexpr std::size_t slots_count = 4096;

constexpr std::size_t slot_of(std::uint64_t key) {
  return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15u) >> 52);
}
static_assert(slots_count == std::size_t{1} << (64 - 52));

constexpr auto slots = [] {
  std::array<KnownWord, slots_count> table{};
  for (const WordList& list : lists) {
    std::string_view words = list.words;
    while (!words.empty()) {
      const std::size_t end =
          words.find(' ') == std::string_view::npos ? words.size() : words.find(' ');
      const std::uint64_t key = word_key(words.substr(0, end));
      words.remove_prefix(end == words.size() ? end : end + 1);
      std::size_t slot = slot_of(key);
      while (table[slot].key != 0 && table[slot].key != key) slot = (slot + 1) % slots_count;
      table[slot].key = key;
      table[slot].languages |= list.languages;
      table[slot].kinds |= list.kinds;
    }
  }
  return table;
}();

}  // namespace

const KnownWord& find_word(std::uint64_t key) {
  // Less than a third of the slots are taken: the search ends.
  std::size_t slot = slot_of(key);
  while (slots[slot].key != key && slots[slot].key != 0) slot = (slot + 1) % slots_count;
  return slots[slot];
}

}  // namespace croft
