"""What composed personas love to do: the hobbies that decide their preferences, written for this project.

It must not know how personas are put together; every verb stands in the third person ("keeps bees").
"""

from __future__ import annotations

HOBBIES_OF_CHILDREN = """
goes sledding | sledding | -
builds castles from bricks | toy bricks | brick builder
plays with trucks and diggers | construction trucks | digger fan
loves fire engines and sirens | fire engines | fire engine fan
plays with dolls and a dollhouse | dollhouses | doll lover
sleeps with plush animals | plush toys | plush animal lover
believes in unicorns | unicorns | unicorn fan
wants to be a princess | princesses | -
plays knights and castles | knights | little knight
plays pirates | pirates | little pirate
does rainbow and bead crafts | bead crafts | little crafter
"""
"""Hobbies for small children: third person | noun | who does it (a dash where English has no word)."""

HOBBIES_OF_EVERYBODY = """
plays soccer | soccer | soccer player
plays basketball | basketball | basketball player
plays baseball | baseball | baseball player
plays tennis | tennis | tennis player
plays volleyball | volleyball | volleyball player
plays ice hockey | ice hockey | hockey player
plays badminton | badminton | badminton player
plays table tennis | ping-pong | ping-pong player
practices karate | karate | karate student
races in a swim club | competitive swimming | swimmer
dances ballet | ballet | ballet dancer
does gymnastics | gymnastics | gymnast
rides horses | horse riding | horse rider
skates at the skate park | skateboarding | skateboarder
loves roller skating | roller skating | roller skater
figure skates | figure skating | figure skater
skis every winter | skiing | skier
rides a bicycle everywhere | cycling | cyclist
surfs | surfing | surfer
flies kites on the beach | kite flying | kite flyer
shoots arrows at targets | archery | archer
climbs rocks and walls | rock climbing | climber
collects shells | shell collecting | shell collector
loves dinosaurs | dinosaurs | dinosaur fan
digs for fossils | fossil hunting | fossil hunter
collects rocks and crystals | minerals | rock collector
studies insects | insects | bug collector
watches butterflies | butterflies | butterfly lover
loves sharks | sharks | shark fan
is mad about whales and dolphins | whales | whale lover
dreams of becoming an astronaut | space travel | space fan
looks at stars through a telescope | astronomy | stargazer
does chemistry experiments | chemistry | young chemist
looks at pond water under a microscope | biology | young biologist
builds robots and gadgets | robotics | robot builder
loves tractors and farm animals | tractors | tractor fan
runs a model railway | model trains | train enthusiast
builds model airplanes | model planes | plane spotter
loves race cars | motorsport | race car fan
reads about dragons | dragons | dragon fan
learns magic tricks | magic | magician
does jigsaw puzzles | jigsaw puzzles | puzzler
plays board games | board games | board gamer
plays chess | chess | chess player
plays video games | video games | gamer
plays retro arcade games | retro gaming | retro gamer
draws with pencils | drawing | sketcher
paints with watercolors | watercolors | painter
plays the piano | piano | pianist
plays the violin | violin | violinist
plays the trumpet | trumpet | trumpeter
plays the flute | flute | flutist
plays the drums | drums | drummer
sings in a choir | choir singing | choir singer
bakes cupcakes and cookies | cupcake baking | hobby baker
has a cat | cats | cat lover
has a dog | dogs | dog owner
keeps rabbits | rabbits | bunny owner
has pet hamsters and mice | hamsters | hamster owner
has an aquarium | fish tanks | aquarium keeper
talks to a parrot | parrots | parrot owner
keeps reptiles | reptiles | reptile keeper
keeps chickens | chicken keeping | chicken keeper
watches wild animals | wildlife | animal lover
loves monkeys and the zoo | the zoo | zoo fan
dreams of lions and safaris | safaris | safari dreamer
loves penguins and polar animals | polar animals | penguin fan
loves Halloween | Halloween | Halloween fan
loves Christmas | Christmas | Christmas lover
acts in the school theater | acting | amateur actor
goes to the circus | the circus | circus fan
loves roller coasters | theme parks | thrill seeker
has a sweet tooth | candy | candy lover
loves pizza | pizza | pizza lover
lives for ice cream | ice cream | ice cream lover
loves comics and manga | manga | anime fan
reads every night | reading | bookworm
reads fantasy novels | fantasy novels | fantasy reader
collects stamps | stamps | stamp collector
collects coins | coin collecting | coin collector
studies maps and globes | geography | geography fan
goes camping with the scouts | scouting | scout
grows sunflowers | sunflowers | young gardener
"""
"""Hobbies for every age."""

HOBBIES_FROM_TEENS = """
gardens | gardening | gardener
grows roses | roses | rose gardener
grows vegetables | vegetable growing | kitchen gardener
grows herbs on the balcony | herb growing | balcony gardener
fills every windowsill with houseplants | houseplants | plant lover
collects cacti and succulents | succulents | cactus collector
shapes bonsai trees | bonsai | bonsai grower
arranges flowers | flower arranging | florist
tends an orchard | fruit growing | orchard owner
has a garden pond | garden ponds | -
keeps bees | beekeeping | beekeeper
watches birds | birdwatching | birdwatcher
flies falcons | falconry | falconer
makes cheese from goat milk | cheese making | goat keeper
forages for mushrooms | mushroom picking | mushroom hunter
bakes sourdough bread | bread baking | bread baker
decorates cakes | cake decorating | cake decorator
makes French pastry | French pastry | pastry baker
makes fresh pasta | Italian cooking | pasta maker
cooks Indian curries | Indian cooking | curry cook
cooks Mexican food | Mexican cooking | taco fan
rolls sushi at home | sushi | sushi lover
cooks Chinese dumplings | Chinese cooking | dumpling maker
cooks vegan meals | vegan cooking | vegan
grills on weekends | barbecue | grill master
loves spicy food | hot sauce | chili lover
cooks seafood | seafood | seafood lover
cans jam and pickles | preserving | jam maker
ferments kimchi | fermenting | -
loves cheese | cheese | cheese lover
lives on chocolate | chocolate | chocoholic
makes brunch for everyone | brunch | brunch lover
loves strong coffee | coffee | coffee addict
drinks tea all day | tea | tea drinker
makes smoothies | smoothies | smoothie fan
knits | knitting | knitter
crochets | crochet | -
quilts | quilting | quilter
sews dresses | sewing | seamstress
embroiders | embroidery | embroiderer
ties macramé | macramé | macramé artist
makes soap | soap making | soap maker
makes candles | candle making | candle maker
makes jewelry | jewelry making | jewelry maker
throws pottery | pottery | potter
presses flowers into scrapbooks | scrapbooking | scrapbooker
paints in oils | oil painting | oil painter
practices calligraphy | calligraphy | calligrapher
visits art museums | art museums | art lover
takes photographs | photography | photographer
photographs landscapes | landscape photography | landscape photographer
makes short films | filmmaking | filmmaker
watches old movies | classic cinema | film buff
binges crime series | TV series | series addict
collects vinyl and CDs | record collecting | music collector
plays the guitar | guitar | guitarist
plays the banjo | bluegrass | banjo player
plays the saxophone | jazz | saxophonist
plays the accordion | folk music | accordionist
drums in a percussion circle | hand drums | percussionist
mixes electronic music | electronic music | DJ
sings karaoke | karaoke | karaoke singer
records a podcast | podcasting | podcaster
goes to rock concerts | rock concerts | rock fan
dances at summer festivals | music festivals | festival goer
loves disco and the seventies | disco | disco dancer
dances flamenco | flamenco | flamenco dancer
loves opera and theater | theater | theatergoer
writes poems and stories | creative writing | writer
keeps a diary | journaling | diarist
writes letters to pen pals | letter writing | letter writer
reads crime novels | crime novels | mystery fan
reads science fiction | science fiction | science fiction reader
reads the newspaper at breakfast | newspapers | newspaper reader
solves escape rooms | escape rooms | escape room fan
studies history | history | history buff
researches the family tree | genealogy | family historian
reenacts medieval battles | medieval reenactment | reenactor
collects antique clocks | antique clocks | clock collector
collects retro computers | retro computing | computer nerd
writes software | programming | programmer
prints gadgets in 3D | 3D printing | maker
repairs electronics | electronics | tinkerer
talks to the world over amateur radio | amateur radio | radio operator
watches the weather | meteorology | weather watcher
builds furniture | woodworking | woodworker
carves wood | wood carving | wood carver
renovates an old house | home improvement | do-it-yourselfer
restores classic cars | classic cars | car restorer
repairs bicycles | bicycle repair | bike mechanic
rides a motorcycle | motorcycles | biker
rides a Vespa | scooters | scooter rider
fishes at the lake | fishing | angler
hikes in the mountains | hiking | hiker
climbs high summits | mountaineering | mountaineer
camps in the wild | camping | camper
travels in a camper van | vanlife | van traveler
travels the world | travel | globetrotter
backpacks through Asia | backpacking | backpacker
flies to business meetings | business travel | frequent flyer
loves Japan | Japan | Japan fan
lies on the beach | beach vacations | beach lover
sails | sailing | sailor
paddles a kayak | kayaking | kayaker
scuba dives | scuba diving | diver
snorkels on coral reefs | snorkeling | snorkeler
loves cruise ships | cruises | cruise lover
flies small planes | aviation | pilot
jumps out of planes | skydiving | skydiver
runs marathons | marathon running | runner
trains for a triathlon | triathlon | triathlete
boxes | boxing | boxer
lifts weights at the gym | fitness | gym goer
plays golf | golf | golfer
plays rugby | rugby | rugby player
plays cricket | cricket | cricketer
bowls in a league | bowling | bowler
plays darts | darts | darts player
plays billiards | billiards | pool player
plays poker | card games | card player
plays mahjong | mahjong | mahjong player
reads tarot cards | tarot | mystic
practices yoga | yoga | yogi
meditates | meditation | meditator
takes long baths | bubble baths | bath lover
goes to the sauna | saunas | spa lover
loves makeup | makeup | beauty fan
collects handbags | handbags | fashionista
loves shoes | shoes | shoe lover
wears vintage clothes | vintage fashion | vintage lover
dresses for the office | business fashion | -
always has cold feet | warm socks | -
tends a magnificent beard | beard care | -
sleeps badly | better sleep | -
loves a tidy house | tidying | neat freak
organizes every minute | planners | planner addict
picnics in the park | picnics | picnic lover
hosts dinner parties | hosting | host
walks two dogs | dog walking | dog walker
trains guide dogs | dog training | dog trainer
rescues seals and seabirds | animal rescue | animal rescuer
volunteers in church | church | churchgoer
loves country music and line dancing | line dancing | country fan
loves architecture | architecture | architecture lover
is learning first aid | first aid | volunteer paramedic
loves science | science | science nerd
"""
"""Hobbies from the teens on."""

HOBBIES_OF_ADULTS = """
collects red wine | wine | wine lover
brews beer | home brewing | home brewer
mixes cocktails | cocktails | home bartender
drinks single malt whisky | whisky | whisky drinker
loves champagne and oysters | champagne | bon vivant
drinks sake | sake | sake lover
plays the slot machines in Las Vegas | casinos | -
collects war medals | military history | military historian
chops firewood for a cabin | cabins | cabin owner
has just had a baby | newborn babies | -
"""
"""Hobbies for adults alone."""
