/* grammar.h: how the fables are told.
 *
 * A rule is a name and its alternatives, separated by '|'. In an alternative
 *   <name>     is one alternative of that rule
 *   {A} {B}    is a character, "the fox", "the two crows"; {a} {b} introduces it: "an old fox", "two old
 * crows" {A:he} {A:him} {A:his}     is its pronoun, in these three cases {A:is/are} is the form that agrees
 * with it: the second for several {place} {thing}            is what this fable has chosen for them A capital
 * begins every sentence and every quotation, save behind '^'; "a~" becomes "a" or "an". */
#ifndef CHARLM_GRAMMAR_H
#define CHARLM_GRAMMAR_H

struct rule {
  const char *name, *alternatives;
};

/* one, several, he, him, his (of one; several are they, them, their) */
struct being {
  const char *one, *several, *he, *him, *his;
};

static const struct being beings[] = {
    {"fox", "foxes", "he", "him", "his"},       {"hen", "hens", "she", "her", "her"},
    {"crow", "crows", "she", "her", "her"},     {"donkey", "donkeys", "he", "him", "his"},
    {"goat", "goats", "she", "her", "her"},     {"wolf", "wolves", "he", "him", "his"},
    {"miller", "millers", "he", "him", "his"},  {"tortoise", "tortoises", "he", "him", "his"},
    {"heron", "herons", "she", "her", "her"},   {"mouse", "mice", "she", "her", "her"},
    {"badger", "badgers", "he", "him", "his"},  {"goose", "geese", "she", "her", "her"},
    {"ox", "oxen", "he", "him", "his"},         {"shepherd", "shepherds", "he", "him", "his"},
    {"spider", "spiders", "she", "her", "her"}, {"frog", "frogs", "he", "him", "his"},
    {"widow", "widows", "she", "her", "her"},   {"thief", "thieves", "he", "him", "his"},
    {"cat", "cats", "she", "her", "her"},       {"bear", "bears", "he", "him", "his"},
};

static const char *const traits[] = {
    "old",  "young",  "hungry", "proud",    "patient", "idle", "clever", "timid",
    "lame", "greedy", "merry",  "stubborn", "tired",   "vain", "honest", "curious",
};

static const char *const places[] = {
    "the mill pond",    "the edge of the wood", "the old well",        "the river",
    "the market",       "the foot of the hill", "the miller's bridge", "the crossroads",
    "the orchard wall", "the empty barn",       "the ferry",           "the salt marsh",
};

static const char *const things[] = {
    "a sack of barley", "a round cheese",       "a copper kettle", "a basket of pears",
    "a silver bell",    "a loaf of rye bread",  "a woollen cloak", "a jar of honey",
    "a lantern",        "a bundle of firewood", "a ripe melon",    "a wheel of twine",
};

static const struct rule rules[] = {
    {"fable", "<opening> <wish> <meeting>\n<quarrel>\n<turn> <outcome>\n<moral>\n|"
              "<opening> <weather> <meeting>\n<quarrel>\n<quarrel>\n<turn> <outcome>\n<moral>\n|"
              "<weather> <opening> <wish>\n<meeting> <bargain>\n<turn> <outcome>\n<moral>\n|"
              "<opening> <wish> <meeting>\n<bargain>\n<quarrel>\n<outcome>\n<moral>\n"},
    {"opening",
     "{a} lived near {place}, and {A:he} had {thing}.|once upon a time {a} came to {place} with {thing}.|"
     "there {A:was/were} once {a} who owned nothing but {thing}.|"
     "in a dry year {a} found {thing} beside {place}.|"
     "{a} had carried {thing} all day and sat down at {place}.|"
     "on the way to {place} {a} stumbled over {thing}.|"
     "it is said that {a} once guarded {thing} at {place}."},
    {"weather",
     "it had rained for <number> days.|the wind came from the <quarter>, and the leaves were <falling>.|"
     "snow lay on the fields, and nobody was about.|the evening was so still that one could hear the "
     "<sound>.|"
     "that summer the <waters> had run dry.|the moon was not yet up.|frost had come early, as it often does "
     "there."},
    {"number", "three|four|seven|nine|eleven"},
    {"quarter", "north|east|west|sea"},
    {"falling", "falling|turning|dancing"},
    {"sound", "mill wheel|owls|church clock|frogs|river under its stones"},
    {"waters", "wells|brooks|ponds"},
    {"wish",
     "{A:he} {A:was/were} <mood>, for {A:he} wanted <goal>.|more than anything {A:he} wished for <goal>.|"
     "every night {A:he} dreamed of <goal>, and every morning {A:he} woke with nothing.|"
     "{A:he} thought of <goal> and of little else.|"
     "all {A:his} neighbours laughed at {A:him}, because {A:he} spoke only of <goal>."},
    {"mood", "sad|restless|cheerful|in low spirits|full of hope"},
    {"goal", "a warm bed|a quiet winter|a better name|the good opinion of the village|a full store|one day "
             "without work|"
             "a seat by the fire|somebody to talk to"},
    {"meeting", "before long {b} came by and looked at {A:him}.|then {b} crept out of the <hiding>.|"
                "at noon {A:he} met {b}, who {B:was/were} <busy>.|"
                "{b}, who {B:was/were} <busy>, had seen everything.|"
                "now {b} lived close by, and {B:he} {B:was/were} <busy>.|"
                "just then {b} stopped on the road, since {B:he} {B:was/were} <busy>."},
    {"hiding", "reeds|hedge|ditch|tall grass|shadow of the wall"},
    {"busy",
     "looking for supper|counting the stars|mending a net|on the way home|singing under {B:his} breath|"
     "about to cross the water|gathering acorns|never in a hurry"},
    {"quarrel",
     "\"<greeting>,\" said {B}. \"<boast>\" \"<doubt>\" said {A}. \"<answer>\"|"
     "\"<question>\" asked {A}. {B} <gesture> and answered, \"<answer>\"|"
     "{B} <gesture> and said, \"<boast>\" but {A} only answered, \"<answer>\"|"
     "\"<greeting>,\" {B} called, \"<plea>\" {A} <gesture2>. \"<doubt>\" {A:he} said.|"
     "\"my mother used to say, '<saying>,'\" said {A}. \"<question>\" asked {B}. \"<answer>\"|"
     "{A} asked {B} whether {B:he} had ever heard the saying, \"<saying>.\" \"<doubt>\" said {B}."},
    {"greeting",
     "good day|good evening, friend|peace be with you|you are far from home|do not be afraid|well met"},
    {"boast",
     "I have crossed <waters2> that you would not dare to look at.|nobody between here and the sea is as "
     "<quality> as I am.|"
     "I know a thing or two about <goal>.|if I had <goal>, I would share it.|what I promise, I keep.|"
     "there is no door that I cannot open."},
    {"waters2", "rivers|marshes|mountains|deserts"},
    {"quality", "quick|clever|strong|honest|careful"},
    {"doubt", "that is easily said,|so you say,|I should like to see it,|I have heard such talk "
              "before,|words weigh little,|"
              "perhaps, and perhaps not,"},
    {"question",
     "what brings you here?|who told you that?|where were you when the bridge fell?|how long must I wait?|"
     "why do you stand there with empty hands?|is it far to the other side?|what will you give me for it?"},
    {"answer", "ask me again tomorrow.|I will tell you when the sun is down.|it is nearer than you think.|"
               "neither gold nor silver would buy it.|those who run arrive tired.|I would rather go hungry.|"
               "whoever told you that has never been here.|take half of it, and leave me the other half.|"
               "not I, nor my father before me.|you may have it when the frogs learn to fly."},
    {"plea", "let me rest beside you for an hour!|give me a share, and I will carry the rest!|"
             "lend me a hand, for I am <mood>!|show me the way, and I will repay you!"},
    {"gesture",
     "shook {B:his} head|looked at the sky|took a step back|smiled|sat down on a stone|pointed to the hills"},
    {"gesture2", "did not move|laughed|thought for a while|said nothing at first|looked the other way"},
    {"saying", "the early frost teaches the late sower|a shut mouth catches no flies|he who counts the waves "
               "never sails|"
               "one hand washes the other|the roof is mended in summer|even a short road has two ends"},
    {"bargain", "so {A} and {B} agreed to <deal>.|\"let us <deal>,\" said {A}, and {B} {B:was/were} content.|"
                "\"if we <deal>,\" said {B}, \"^neither of us will lose.\" {A} {A:was/were} not so sure."},
    {"deal",
     "share what there was|wait until morning|draw straws|let the river decide|race to the bridge and back|"
     "ask the first stranger on the road|keep watch by turns"},
    {"turn",
     "that night, while {A} slept, {B} <deed>.|but {B} {B:was/were} not what {B:he} seemed: {B:he} <deed>.|"
     "the next day {A} <deed2>, although nobody had asked {A:him} to.|when the clock struck six, {B} <deed>.|"
     "no sooner had {A} turned round than {B} <deed>."},
    {"deed",
     "took it all and ran|fell into the water with a great splash|began to weep|came back with two friends|"
     "climbed the wall to see the sun rise|dug a hole as deep as a man is tall|told the whole village"},
    {"deed2",
     "mended the broken fence|gave away the larger share|kept the fire burning|carried water for the sick|"
     "set out before the others were awake"},
    {"outcome",
     "in the end {A} {A:has/have} kept what {A:he} had, and {B} {B:has/have} kept nothing but {B:his} pride.|"
     "since then {B} {B:walks/walk} past {place} without a word, and {A} {A:does/do} not call {B:him} back.|"
     "{A} {A:was/were} never seen there again; {B} {B:is/are} still waiting.|"
     "and so it came about that {A} and {B} shared one roof until they were old.|"
     "neither {A} nor {B} ever spoke of it, but the children of that country know the story.|"
     "{A} laughed until {A:his} sides hurt, and at last {B} laughed as well."},
    {"moral", "whoever <vice> must not <complain>.|those who <vices> must not <complain>.|it is better to "
              "<virtue> than to <folly>.|"
              "a friend who <vice> is no friend; friends who <virtues> are worth more than gold.|"
              "even the <quality> can learn to <virtue>."},
    {"vice",
     "trusts every stranger|sleeps at noon|wants everything|counts the harvest in spring|listens at doors"},
    {"vices",
     "trust every stranger|sleep at noon|want everything|count the harvest in spring|listen at doors"},
    {"virtues", "keep their word|share their bread|hold their tongues|ask before they take"},
    {"complain", "complain of thieves|blame the weather|ask for pity|wonder at an empty table"},
    {"virtue", "keep one's word|share a crust|hold one's tongue|ask before one takes|walk slowly"},
    {"folly", "run in circles|dine alone|win every quarrel|own what one cannot carry"},
};

#endif
