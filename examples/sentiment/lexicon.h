/* lexicon.h: the words of the generated reviews.
 *
 * Lists separate their entries by '|'. An entry that begins with '*' is held out: it occurs in dev and test
 * alone. A '/' within an entry separates the forms of one verb. */
#ifndef SENTIMENT_LEXICON_H
#define SENTIMENT_LEXICON_H

#include <stdbool.h>

/* Words of one meaning for both polarities. */
struct polar {
  const char *name, *good, *bad;
};

static const struct polar polar_words[] = {
    /* a: adjectives for the whole thing, besides those of its domain */
    {"a",
     "excellent|wonderful|superb|fantastic|outstanding|terrific|impressive|marvellous|splendid|delightful|*"
     "glorious",
     "awful|terrible|dreadful|disappointing|mediocre|horrible|lousy|frustrating|miserable|appalling|*"
     "abysmal"},
    /* g: adjectives that fit anything and take "very" and "not" */
    {"g", "good|nice|decent|impressive|pleasing|great|lovely|likeable|*commendable",
     "bad|poor|weak|annoying|unpleasant|disappointing|irritating|awful|*deplorable"},
    /* m: adjectives that form "more …" and "less …" */
    {"m", "enjoyable|impressive|charming|satisfying|rewarding|convincing|likeable|appealing|*captivating",
     "disappointing|tedious|frustrating|irritating|tiresome|forgettable|unpleasant|depressing|*exasperating"},
    /* n: noun phrases */
    {"n", "a delight|a joy|a triumph|a gem|a treat|a pleasure|a revelation|a success|a marvel|*a blessing",
     "a chore|a mess|a disaster|a bore|a letdown|a waste of time|a failure|an ordeal|a disgrace|*a fiasco"},
    /* bn: bare nouns, for "no …" */
    {"bn", "masterpiece|delight|triumph|gem|treat|marvel|success",
     "disaster|failure|chore|mess|flop|letdown|ordeal"},
    /* v: what a person did with the thing: past/base */
    {"v",
     "loved/love|adored/adore|enjoyed/enjoy|admired/admire|liked/like|appreciated/appreciate|*cherished/"
     "cherish",
     "hated/hate|disliked/dislike|regretted/regret|loathed/loathe|detested/detest|resented/resent|*despised/"
     "despise"},
    /* vp: what the thing did to a person: past/base */
    {"vp",
     "won me over/win me over|made my day/make my day|exceeded my hopes/exceed my hopes|kept me smiling/keep "
     "me smiling|"
     "charmed us all/charm us all|cheered me up/cheer me up|impressed everyone/impress everyone|"
     "delighted me/delight me|*enchanted us/enchant us",
     "let me down/let me down|tried my patience/try my patience|left me cold/leave me cold|wore me out/wear "
     "me out|"
     "spoiled my mood/spoil my mood|annoyed us all/annoy us all|bored everyone/bore everyone|"
     "disappointed me/disappoint me|*dismayed us/dismay us"},
    /* f: what a person was, also "… by it" */
    {"f", "delighted|thrilled|impressed|charmed|pleased|enchanted|*captivated",
     "disappointed|bored|annoyed|frustrated|irritated|exasperated|*appalled"},
    /* adv: how a thing was made */
    {"adv", "beautifully|brilliantly|skilfully|superbly|lovingly|carefully|*masterfully",
     "poorly|clumsily|carelessly|badly|lazily|hastily|*ineptly"},
    /* id: idioms that are verbs: past/base */
    {"id",
     "hit the spot/hit the spot|ticked all the boxes/tick all the boxes|blew me away/blow me away|"
     "knocked my socks off/knock my socks off|put a smile on my face/put a smile on my face|"
     "took my breath away/take my breath away|hit the nail on the head/hit the nail on the head|"
     "came up trumps/come up trumps",
     "missed the mark/miss the mark|fell flat/fall flat|left a bad taste in my mouth/leave a bad taste in my "
     "mouth|"
     "got on my nerves/get on my nerves|drove me up the wall/drive me up the wall|"
     "rubbed me the wrong way/rub me the wrong way|made my blood boil/make my blood boil|"
     "ran out of steam/run out of steam"},
    /* idp: idioms that follow "was" */
    {"idp",
     "worth every penny|a breath of fresh air|second to none|right up my street|just what the doctor ordered|"
     "a sight for sore eyes|one in a million",
     "money down the drain|a slap in the face|like watching paint dry|a far cry from what was promised|the "
     "last straw|"
     "a pain in the neck|a kick in the teeth"},
};

struct neutral {
  const char *name, *words;
};

static const struct neutral neutral_words[] = {
    {"int", "really|truly|absolutely|utterly|completely|*downright"},
    {"down", "rather|fairly|pretty|quite|*reasonably"},
    {"who", "my sister|my neighbour|a friend of mine|my father|the man next to us|my boss|one of my "
            "cousins|*my landlady"},
};

/* How the words that go with a noun look. */
enum number { ONE, MANY, HE, SHE, PEOPLE, NUMBERS };
struct forms {
  const char *is, *was, *it, *they, *which;
};

static const struct forms forms_of[NUMBERS] = {
    [ONE] = {"is", "was", "it", "it", "which"},        [MANY] = {"are", "were", "them", "they", "which"},
    [HE] = {"is", "was", "him", "he", "who"},          [SHE] = {"is", "was", "her", "she", "who"},
    [PEOPLE] = {"are", "were", "them", "they", "who"},
};

/* Something that a thing has and that can be judged. */
struct aspect {
  const char *name;
  enum number number;
  const char *good, *bad;
};

#define MAX_ASPECTS 9

struct domain {
  const char *thing;      /* nouns for the thing itself */
  const char *see;        /* base/past/participle of getting to know it */
  const char *made;       /* participles of making it */
  const char *good, *bad; /* adjectives for the whole */
  const char *other;      /* what it can be compared with */
  const char *crowd;      /* people with opinions, plural */
  const char *when;       /* adverbials that judge nothing */
  const char *fact;       /* relative clauses that judge nothing */
  const char *side;       /* main clauses that judge nothing */
  const char *again;      /* doing it once more */
  struct aspect aspects[MAX_ASPECTS];
};

static const struct domain domains[] = {
    {"film|movie|picture|thriller|comedy|*documentary",
     "watch/watched/watched|see/saw/seen",
     "directed|written|edited|shot",
     "gripping|moving|funny|touching|inventive|suspenseful|*poignant",
     "dull|predictable|tedious|pretentious|unfunny|forgettable|*turgid",
     "the trailer|the first part|the original|the book it is based on|the television series",
     "the critics|most reviewers|the festival juries|the newspapers",
     "on a rainy Tuesday|at a matinee|on a long flight|last weekend|at a small cinema downtown|with the "
     "whole family",
     "which runs for just over two hours|which is set in a harbour town|which opened in March|"
     "which was filmed in black and white|whose director comes from Norway",
     "we sat in the third row|the cinema was half full|my cousin brought the tickets|it started at "
     "nine|there was an interval",
     "watch it again|see it a second time",
     {{"the acting", ONE, "superb|convincing|heartfelt|subtle", "wooden|stiff|overdone|unconvincing"},
      {"the plot", ONE, "clever|absorbing|original|intriguing", "thin|muddled|predictable|far-fetched"},
      {"the soundtrack", ONE, "haunting|lovely|stirring", "intrusive|grating|monotonous"},
      {"the dialogue", ONE, "witty|sharp|sparkling|*deft", "clumsy|stilted|flat|*leaden"},
      {"the special effects", MANY, "stunning|dazzling|seamless", "cheap|shoddy|laughable"},
      {"the ending", ONE, "satisfying|powerful|perfect", "silly|rushed|baffling"},
      {"the jokes", MANY, "hilarious|fresh|clever", "stale|lame|crude"},
      {"the camera work", ONE, "elegant|gorgeous|graceful", "shaky|ugly|distracting"}}},
    {"restaurant|bistro|diner|place|cafe|*tavern",
     "visit/visited/visited|try/tried/tried",
     "run|managed|decorated|organised",
     "charming|cosy|welcoming|enjoyable|inviting|*convivial",
     "overpriced|grubby|cheerless|unwelcoming|chaotic|unhygienic|*dismal",
     "the place next door|the old canteen|the pizzeria across the road|the hotel restaurant|the branch in "
     "town",
     "the food bloggers|most of my colleagues|the guidebooks|the locals",
     "on our anniversary|after the theatre|on a Friday night|with three colleagues|during the holidays|at "
     "lunchtime",
     "which seats about forty|which is close to the station|which opened last autumn|which used to be a "
     "bakery|"
     "whose owner is from Naples",
     "we ordered the set menu|we sat near the window|I had the fish and she had the lamb|we came without a "
     "booking|"
     "there were six of us",
     "eat there again|go back for dinner",
     {{"the food", ONE, "delicious|tasty|fresh|*scrumptious", "bland|greasy|stale|overcooked|*inedible"},
      {"the service", ONE, "attentive|friendly|swift", "slow|rude|careless"},
      {"the waiter", HE, "polite|helpful|cheerful", "surly|rude|inattentive"},
      {"the soup", ONE, "heavenly|fragrant|tasty", "watery|lukewarm|tasteless"},
      {"the desserts", MANY, "heavenly|delicious|exquisite", "soggy|sickly|tasteless"},
      {"the portions", MANY, "generous|ample|plentiful", "tiny|stingy|meagre"},
      {"the prices", MANY, "fair|reasonable|sensible", "outrageous|steep|absurd"},
      {"the atmosphere", ONE, "warm|relaxed|cosy", "gloomy|tense|stuffy"}}},
    {"hotel|inn|guesthouse|hostel|resort|*lodge",
     "book/booked/booked|visit/visited/visited|choose/chose/chosen",
     "run|kept|furnished|managed",
     "comfortable|welcoming|peaceful|charming|cosy|*idyllic",
     "shabby|gloomy|run-down|depressing|filthy|*squalid",
     "the campsite down the road|the hotel across the square|the place we had last year|the youth hostel|"
     "the motel by the motorway",
     "the travel guides|the other guests|most travellers|the booking sites",
     "in June|for three nights|on the way to a wedding|for a conference|over the long weekend|in low season",
     "which has about sixty rooms|which stands next to the harbour|which was built in the seventies|"
     "which belongs to a chain|whose lobby is on the second floor",
     "we arrived after dark|our room was on the fourth floor|we travelled by train|I stayed for two nights|"
     "breakfast was at seven",
     "stay there again|book it again",
     {{"the room", ONE, "spotless|spacious|bright|*immaculate", "cramped|filthy|dingy|*grimy"},
      {"the bed", ONE, "comfortable|cosy|inviting", "lumpy|creaky|uncomfortable"},
      {"the staff", PEOPLE, "helpful|kind|courteous", "rude|unhelpful|indifferent"},
      {"the breakfast", ONE, "plentiful|tasty|delicious", "stale|meagre|tasteless"},
      {"the view", ONE, "breathtaking|magnificent|lovely", "dreary|bleak|ugly"},
      {"the towels", MANY, "fluffy|fresh|clean", "threadbare|dirty|damp"},
      {"the wifi", ONE, "fast|reliable|steady", "unreliable|patchy|useless"},
      {"the pool", ONE, "inviting|clean|delightful", "murky|dirty|disgusting"}}},
    {"phone|handset|smartphone|device|model|*gadget",
     "buy/bought/bought|try/tried/tried|use/used/used",
     "built|designed|engineered|assembled",
     "snappy|sleek|dependable|responsive|handy|*nimble",
     "sluggish|flimsy|unreliable|clunky|useless|*defective",
     "the previous model|my old phone|the cheaper version|the one my sister has|the tablet from the same "
     "maker",
     "the testers|the online reviewers|most owners|the magazines",
     "in March|at the airport|after my old one broke|for my daughter|at a sale|through the post",
     "which comes in three colours|which weighs two hundred grams|which takes two cards|which was announced "
     "in spring|"
     "whose box is made of paper",
     "it arrived on a Monday|I have it in blue|I use it for calls and maps|my number stayed the same|I "
     "charge it at night",
     "buy it again|order from this maker again",
     {{"the screen", ONE, "crisp|vivid|brilliant|*dazzling", "dim|blurry|faint|*smeary"},
      {"the battery", ONE, "long-lasting|dependable|excellent", "feeble|unreliable|hopeless"},
      {"the camera", ONE, "superb|brilliant|excellent", "grainy|hopeless|mediocre"},
      {"the speaker", ONE, "clear|rich|powerful", "tinny|muffled|scratchy"},
      {"the buttons", MANY, "responsive|solid|handy", "wobbly|flimsy|fiddly"},
      {"the menus", MANY, "intuitive|clear|sensible", "confusing|cluttered|clumsy"},
      {"the price", ONE, "fair|reasonable|attractive", "outrageous|steep|absurd"},
      {"the keyboard", ONE, "responsive|accurate|pleasant", "laggy|erratic|fiddly"}}},
    {"novel|book|memoir|story|biography|*saga",
     "read/read/read|finish/finished/finished",
     "written|plotted|researched|translated",
     "gripping|thoughtful|moving|absorbing|wise|*luminous",
     "tedious|rambling|shallow|preachy|lifeless|*ponderous",
     "the film version|her first novel|the sequel|the short stories|the book everyone read last year",
     "the critics|the members of my book club|the literary pages|most readers",
     "on the train|in two evenings|by the sea|over the winter|for our book club|on holiday",
     "which has four hundred pages|which is set in Lisbon|which came out in May|which is told by a "
     "lighthouse keeper|"
     "whose author is a doctor",
     "I borrowed it from the library|it begins in 1911|the cover is green|there are thirty chapters|I read "
     "it in translation",
     "read it again|read it a second time",
     {{"the prose", ONE, "elegant|vivid|graceful|*lyrical", "clumsy|leaden|wooden|*turgid"},
      {"the characters", MANY, "believable|vivid|lovable", "flat|lifeless|annoying"},
      {"the ending", ONE, "satisfying|powerful|beautiful", "silly|rushed|unconvincing"},
      {"the opening chapters", MANY, "absorbing|sparkling|compelling", "tedious|dreary|confusing"},
      {"the pacing", ONE, "brisk|perfect|masterly", "sluggish|uneven|erratic"},
      {"the dialogue", ONE, "witty|sharp|sparkling", "stilted|clumsy|flat"},
      {"the illustrations", MANY, "lovely|charming|exquisite", "crude|ugly|amateurish"},
      {"the plot", ONE, "clever|absorbing|intriguing", "thin|muddled|predictable"}}},
    {"concert|show|gig|performance|recital|*matinee",
     "attend/attended/attended|see/saw/seen|hear/heard/heard",
     "staged|organised|played|rehearsed",
     "electrifying|thrilling|magical|spirited|rousing|*spellbinding",
     "lifeless|shambolic|dreary|tuneless|soulless|*interminable",
     "the album|the warm-up act|last year's tour|the recording|the show in the park",
     "the local papers|the fans on the forum|the music bloggers|the people in our row",
     "in the old town hall|on Saturday night|with two friends|in the open air|during the festival|at short "
     "notice",
     "which lasted ninety minutes|which took place outdoors|which began at eight|which was part of a tour|"
     "whose programme was printed on one page",
     "we stood near the back|the hall holds two thousand people|we came by bus|there was an interval|the "
     "tickets came by post",
     "hear them again|go to the next one",
     {{"the singer", SHE, "radiant|magnetic|brilliant|*mesmerising", "listless|hoarse|off-key|*pitchy"},
      {"the sound", ONE, "crisp|rich|balanced", "muddy|shrill|muffled"},
      {"the band", ONE, "tight|energetic|brilliant", "sloppy|listless|lazy"},
      {"the lighting", ONE, "beautiful|atmospheric|imaginative", "harsh|gloomy|blinding"},
      {"the seats", MANY, "comfortable|roomy|well-placed", "cramped|uncomfortable|sticky"},
      {"the encore", ONE, "unforgettable|joyful|rousing", "feeble|half-hearted|pointless"},
      {"the drummer", HE, "precise|inspired|fabulous", "clumsy|uninspired|sloppy"},
      {"the songs", MANY, "catchy|beautiful|stirring", "bland|repetitive|forgettable"}}},
    {"app|program|tool|editor|package|*plug-in",
     "use/used/used|try/tried/tried|install/installed/installed",
     "designed|documented|written|maintained",
     "reliable|intuitive|powerful|handy|polished|*robust",
     "buggy|bloated|clunky|unstable|useless|*crash-prone",
     "the old version|the free alternative|the web version|the spreadsheet we had before|the tool from our "
     "rivals",
     "the forum users|most of the team|the trade magazines|the early testers",
     "on my old laptop|for a school project|over the weekend|at the office|on two machines|for our accounts",
     "which comes in nine languages|which needs an account|which was released in autumn|which runs on most "
     "systems|"
     "whose icon is a small owl",
     "we are a team of five|it took two minutes to download|I use it for invoices|we have forty licences|"
     "our server is in the basement",
     "install it again|use it for the next project",
     {{"the interface", ONE, "clean|intuitive|elegant|*uncluttered", "cluttered|confusing|ugly|*bewildering"},
      {"the documentation", ONE, "clear|thorough|excellent", "sketchy|confusing|outdated"},
      {"the installer", ONE, "smooth|swift|painless", "broken|slow|baffling"},
      {"the support team", ONE, "helpful|patient|prompt", "useless|rude|slow"},
      {"the search", ONE, "fast|accurate|reliable", "slow|broken|erratic"},
      {"the shortcuts", MANY, "handy|sensible|well-chosen", "awkward|baffling|useless"},
      {"the new features", MANY, "useful|clever|welcome", "pointless|half-baked|confusing"},
      {"the licence fee", ONE, "fair|modest|reasonable", "outrageous|steep|absurd"}}},
};

#endif
