"""The gift ideas about animals, plants, food and drink: one line of text holds emoji, a title and a description.

It must not know pictures, files or packages; `{name}` stands for the emoji's own name.
"""

from __future__ import annotations

ANIMALS = """
🐵🐶🐱🐷🐮🐴🐰 Plush {name}: a cuddly soft {name} that goes to bed with a toddler
🐻🐨🐼🦥🦦🐹🦔 Plush {name}: a soft stuffed {name} for children who love cuddly woodland and zoo animals
🐯🦁🐺🦊🐭 {name} costume mask: a {name} mask for dressing up, theater and costume parties
🦝🦨🦡🦫🐿 {name} wildlife print: a watercolor {name} for hikers who watch forest wildlife
🐒🦍🦧 {name} figurine: a jungle {name} for fans of apes, monkeys and zoo visits
🐕 Dog chew toy: keeps a lively puppy busy, for dog owners and daily dog walks
🦮 Guide dog harness: a sturdy dog harness and lead for long dog walks and dog training
🐩 Poodle grooming set: brush, comb and shampoo for a well-groomed dog
🐈 Cat scratching post: a sisal post for a house cat and its owner
🐅🐆 {name} safari print: a big cat photograph for lovers of safaris and Africa trips
🐎 Riding lessons voucher: an afternoon in the saddle for horse lovers and riders
🦄 Unicorn night light: a magical glow for girls who believe in unicorns and fairy tales
🦓🦒🐘🦏🦛 Carved wooden {name}: an African savanna {name} for safari dreamers and zoo lovers
🦌🦬 {name} lodge ornament: a rustic {name} for a mountain cabin, hunters and the outdoors
🐄🐂🐃 {name} farm figure: livestock for a toy farm, for children who love farms and dairy cattle
🐖🐗 {name} money box: an earthenware piggy bank for saving coins
🐏🐑 Wool {name}: sheep's wool for knitters, spinners and shepherds
🐐 Goat cheese kit: make your own farmhouse goat cheese at home
🐪🐫 {name} desert trek: a camel ride through dunes for adventurous travelers
🦙 Alpaca wool throw: a llama-soft woven blanket from the Andes
🦣 Mammoth fossil model: a prehistoric skeleton for young paleontologists and dinosaur fans
🐁🐀 {name} cage tunnel: a play tunnel for pet mice, rats and other small rodents
🐇 Rabbit hutch: a wooden home for pet bunnies
🦇 Bat house: a nesting box for bats, for nature conservation in the yard
🦘 Kangaroo road sign: a souvenir for travelers who miss Australia
🐾 Paw print keepsake: a clay imprint kit to remember a beloved dog or cat
🦃 Turkey roasting rack: for whoever cooks the Thanksgiving dinner
🐔🐓 {name} feeder: for backyard chicken keepers who collect fresh eggs
🐣🐤🐥 {name} Easter decoration: a fluffy yellow chick for spring and Easter eggs
🐦 Bird feeder: brings songbirds to the window, for birdwatchers
🐧 Penguin snow globe: an Antarctic scene for lovers of winter and polar animals
🕊 Dove ornament: a white sign of peace for church, weddings and christenings
🦅 Birds of prey day: fly eagles and falcons, for falconry and raptor fans
🦆 Rubber duck set: bath time fun for babies
🦢 Swan boat ride: a romantic tour on the lake for a couple
🦉 Owl bookend: a wise owl for students, readers and night owls
🦤 Dodo natural history print: an extinct bird for museum and biology lovers
🪶 Quill pen: a feather pen with ink for calligraphy and letter writing
🦩 Flamingo pool float: an inflatable pink bird for summer pool days
🦚 Peacock feather earrings: shimmering jewelry with a boho look
🦜 Parrot perch: a swing and toys for a talking pet parrot
🐸 Frog garden ornament: a cheerful green frog for the edge of a garden pond
🐊🐍🦎 {name} terrarium visit: feed the {name}, for reptile keepers and fans of scaly animals
🐢 Turtle aquarium: a basking tank for pet turtles
🐲🐉 {name} fantasy figure: a fire-breathing dragon for fantasy readers and role-playing gamers
🦕🦖 {name} dinosaur figure: a prehistoric {name} toy for a kid who loves dinosaurs and fossils
🐳🐋 {name} watching tour: spot whales at sea, for ocean lovers
🐬 Swim with dolphins voucher: a marine adventure for ocean lovers
🦭 Seal sanctuary adoption: sponsor a rescued seal pup, for animal protectors
🐟 Fishing trip voucher: a boat day catching trout, for anglers who love to fish
🐠🐡 {name} aquarium: a colorful {name} for a home fish tank and aquarium keepers
🦈 Shark encyclopedia: fierce sharks of the deep for curious ocean-mad kids
🐙🪼🪸 {name} reef poster: a deep-sea {name} for scuba divers and marine biologists
🐚 Seashell collection: shells from the beach for collectors and seaside homes
🐌 Escargot dish: snails in garlic butter, for French cuisine lovers
🦋 Butterfly garden kit: raise caterpillars into butterflies, for nature lovers and gardeners
🐛🐜🪲 {name} explorer kit: watch a live {name} up close, for young insect collectors
🐝 Beekeeping starter kit: hive tools and smoker for a beekeeper with honeybees
🪱 Worm compost bin: turns kitchen scraps into rich soil for gardeners
🐞 Ladybug house: a wooden insect hotel that keeps aphids off the garden roses
🦗 Cricket chirping clock: summer meadow sounds for campers and light sleepers
🕷🕸 {name} Halloween decoration: spooky fun for horror fans and Halloween
🦂 Scorpion in amber: a curiosity for entomologists and desert explorers
🦠🧫 {name} science set: grow harmless bacteria, for biology students and young scientists
"""

PLANTS = """
💐 Flower bouquet: fresh mixed cut flowers to say thank you or happy anniversary
🌸 Cherry blossom bonsai: a small Japanese tree for patient bonsai growers
🪷 Lotus pond plant: a water lily for a garden pond and quiet meditation
🌹 Rose bush: a fragrant climbing rose for a rose gardener
🌺 Hibiscus shrub: a tropical flowering shrub for a sunny patio or balcony garden
🌻 Sunflower seeds: giant yellow sunflowers to sow with kids in the garden
🌼 Wildflower seed mix: a blooming meadow for gardeners, bees and butterflies
🌷 Tulip bulbs: spring flowers to plant in garden beds in autumn
🪻 Hyacinth in a glass: a scented spring bulb for the windowsill
🌱 Vegetable seedling set: tomato, lettuce and bean starts for a kitchen gardener
🪴 Potted houseplant: an easy green plant for an indoor gardener's windowsill
🌲 Evergreen sapling: a young pine tree to plant in the yard
🌳 Fruit tree: an apple tree for a gardener with an orchard
🌴 Indoor palm: a leafy tropical plant for a bright living room
🌵 Cactus collection: small succulents for a plant lover who forgets to water
🌾 Heritage grain flour: stone-ground wheat for a home bread baker
🌿 Herb garden planter: basil, thyme and mint for cooks and kitchen gardeners
☘🍀 Lucky {name} charm: an Irish clover pendant for good luck in exams
🍁 Maple syrup: pure amber syrup from Canada for pancakes and breakfast
🍂🍃 Pressed {name} kit: a flower and leaf press for botany and scrapbooking
🪹🪺 {name} bird box: a nesting box for garden songbirds and birdwatchers
🍄 Mushroom growing kit: grow oyster mushrooms at home, for foragers and cooks
"""

FOOD = """
🍇 Vineyard grapes: a crate of sweet table grapes from a wine region
🍈🍉🍌🥭🍐🍑 {name} fruit basket: ripe, sweet {name} for healthy smoothies and vegan snacking
🍊🍋 {name} tree in a pot: a citrus tree for a sunny conservatory and homemade marmalade
🍍 Pineapple corer: tropical fruit rings for summer cocktails and barbecues
🍎🍏 {name} cider box: fresh orchard apples for juice, cider and apple pie
🍒🍓🫐 {name} jam kit: berries, jars and labels for making homemade jam and preserves
🥝 Kiwi vitamin box: fresh fruit for athletes and health fans
🍅 Tomato plants: cherry tomatoes for a vegetable gardener's greenhouse
🫒 Olive oil: extra virgin oil and olives for Italian and Greek cooking
🥥 Coconut bowl set: for smoothie bowls, Thai curries and vegans
🥑 Avocado grow kit: sprout an avocado stone, for brunch lovers
🍆🥔🥕🥒🥬🥦 Organic {name} box: freshly harvested {name} from the farm for vegetarian cooks
🌽 Corn on the cob holders: for summer barbecues and grilled corn
🌶 Hot chili sauce: fiery chili peppers for lovers of very spicy food
🫑 Stuffed pepper cookbook: Mediterranean vegetable recipes for vegetarians
🧄🧅 {name} keeper: a clay pot that keeps {name} fresh, for savory home cooks
🥜🌰 Roasted {name}: a nutty snack for long hikes and movie nights
🫘 Coffee roasting beans: raw beans to roast at home, for coffee geeks
🫚 Ginger tea root: warming tea for cold days and sore throats
🫛 Pea seeds: climbing sugar peas for the vegetable patch
🍞 Sourdough starter kit: a proofing basket and starter for bread bakers
🥐 Croissant baking class: learn French pastry and buttery viennoiserie
🥖 Baguette pan: for crusty French bread from the home oven
🫓🥙🧆 {name} cookbook: Middle Eastern street food with hummus, for adventurous cooks
🥨 Pretzel baking mix: Bavarian soft pretzels for beer evenings
🥯 Bagel brunch box: a New York breakfast with cream cheese
🥞🧇 {name} maker: golden {name} batter for lazy Sunday breakfasts with children
🧀 Cheese board: aged cheeses and a knife set for a cheese lover with red wine
🍖🍗🥩 {name} barbecue set: marinade, rub and tongs for grill masters who love meat
🥓 Bacon of the month: smoked bacon for hearty breakfast eaters
🍔🍟🌭 {name} diner kit: everything for juicy American {name} at home, for fast food fans
🍕 Pizza stone: crisp stone-baked pizza for pizza nights at home
🥪 Sandwich toaster: grilled cheese for hungry students
🌮🌯🫔 {name} fiesta kit: tortillas, salsa and spices for Mexican food lovers
🥚🍳 {name} breakfast pan: a cast-iron skillet for fried eggs and brunch cooks
🥘 Paella pan: saffron and rice for Spanish cooking with friends
🍲 Cast-iron stew pot: a Dutch oven for slow-cooked soups and winter stews
🫕 Fondue set: melted Swiss cheese for cozy evenings after skiing
🥣 Granola breakfast box: oats, nuts and muesli for early risers
🥗 Salad bowl: a wooden bowl with servers for healthy eaters and vegans
🍿 Popcorn maker: for movie nights, film fans and binge watchers
🧈 Butter dish: a stoneware dish for the breakfast table
🧂 Gourmet salt set: smoked and flaked sea salts for serious cooks
🥫 Camping food tins: ready meals for backpackers and campers
🍱🍙🍘 {name} set: Japanese lunch for anime fans and travelers to Tokyo
🍚🍛 {name} spice tin: Indian spices for cooking curry from scratch
🍜 Ramen bowl: noodles, broth and chopsticks for Japanese food lovers
🍝 Pasta machine: roll fresh spaghetti and tagliatelle, for Italian cooks
🍠🍢🍡 {name} street food set: Asian festival snacks for curious foodies
🍣 Sushi making kit: rice, nori and a bamboo mat for rolling sushi
🍤🦐🦞🦀🦑 {name} seafood box: fresh {name} for cooks who love shellfish and the coast
🍥🥮 {name} tasting box: delicacies from Asia for food explorers
🥟 Dumpling steamer: a bamboo basket for dim sum and Chinese cooking
🥠 Fortune cookies: crunchy surprises with jokes and wishes
🥡 Takeout voucher: Chinese food delivered for busy people who hate cooking
🦪 Oyster knife: for shucking oysters with champagne
🍦🍧🍨 {name} maker: homemade frozen {name} for summer and sweet-toothed kids
🍩🍪🧁 {name} baking set: molds, icing and sprinkles for hobby bakers who love {name} treats
🎂🍰 {name} decorating kit: turntable, piping bags and fondant for cake decorators
🥧 Pie dish: a ceramic dish for apple pie and pastry bakers
🍫 Chocolate tasting box: dark single-origin bars for chocoholics
🍬🍭 {name} jar: retro sweets for a sweet tooth and children's treats
🍮 Crème brûlée torch: caramelized custard for dessert lovers
🍯 Honey jar: raw wildflower honey for tea drinkers and toast
🍼 Baby bottle set: for newborn babies and new parents
🥛 Milk frother: creamy cappuccino foam for the breakfast coffee
☕ Espresso coffee maker: strong espresso for a coffee addict's desk
🫖 Teapot: a porcelain pot for loose-leaf tea drinkers and afternoon tea
🍵 Matcha green tea set: bowl, whisk and green tea for mindful tea drinkers
🍶 Sake set: a ceramic flask and cups for Japanese rice wine
🍾🥂 {name} sparkling box: champagne for toasts, weddings and anniversaries
🍷 Red wine selection: fine bottles and glasses for a wine lover
🍸 Cocktail shaker: a bar set for mixing martinis and hosting evenings
🍹 Tropical cocktail set: rum, umbrellas and fruit for beach vacation dreams
🍺🍻 Craft {name} set: ales and lagers for a beer lover and home brewer
🥃 Whisky tumbler: single malt and a crystal glass for whisky drinkers
🥤🧋 {name} set: colorful sweet drinks for trendy teenagers
🧃 Juice box lunch set: for kindergarten picnics and school lunches
🧉 Yerba mate gourd: South American tea for long study nights
🧊 Ice cube mold: giant clear ice for home bartenders
🥢 Chopsticks: lacquered pairs for noodle lovers and Asian cooking
🍽🍴🥄 {name} set: polished tableware for hosting elegant dinner parties
🔪 Chef's knife: a sharp Japanese blade for ambitious home cooks
🫙 Pickling jar: glass jars for fermenting kimchi, pickles and preserves
🏺 Greek amphora vase: ancient pottery for history and archaeology fans
"""
