"""The gift ideas about clothing, music, electronics, desk, tools and home: one line holds emoji, title, description.

It must not know pictures, files or packages; `{name}` stands for the emoji's own name.
"""

from __future__ import annotations

WEAR = """
👓 Reading glasses: spare specs for grandparents who read the paper
🕶 Sunglasses: polarized shades for summer, beach and driving
🥽 Swim goggles: anti-fog goggles for lap swimmers and triathletes
🥼 Lab coat: white cotton for chemistry students and young scientists
🦺 Safety vest: high visibility for construction workers and night cyclists
👔 Silk necktie: formal wear for the office and job interviews
👕 Band t-shirt: soft cotton for rock concerts and everyday wear
👖 Denim jeans: vintage blue jeans for casual fashion
🧣 Knitted scarf: warm wool for cold winter walks
🧤 Gardening gloves: tough gloves for a gardener who prunes and weeds
🧥 Winter coat: a tailored wool coat for elegant city dressers
🧦 Funny socks: colorful patterns for people with always cold feet
👗 Summer dress: a floral dress for fashion lovers and garden parties
👘 Silk kimono: a Japanese robe for evenings at home
🥻 Sari: draped Indian silk for weddings and festivals
🩱👙 {name}: swimwear for pool laps and beach vacations
🩳 Board shorts: quick-dry shorts for surfers and swimmers
👚 Linen blouse: a light top for office and weekend fashion
🪭 Folding hand fan: painted silk for flamenco dancers and hot days
👛👝 Beaded {name}: a small coin and makeup pouch
👜 Leather handbag: a designer bag for stylish ladies and shopping
🛍 Shopping spree voucher: fashion boutiques for shopaholics
🎒 School backpack: roomy pockets for students, books and class trips
🩴 Flip-flops: rubber sandals for the pool and the beach
👞 Leather dress shoes: polished brogues for businessmen and suits
👟 Running shoes: cushioned sneakers for joggers and marathon training
🥾 Hiking boots: waterproof boots for hikers on mountain trails
🥿👡 {name}: comfortable summer footwear for strolling in town
👠 High heels: glamorous shoes for dancing and nights out
🩰 Ballet shoes: satin pointe shoes for ballet dancers
👢 Leather boots: western boots for country fans and line dancing
🪮 Hair styling comb: care for curls and afro hair
👑 Princess crown: dress-up jewels for little princesses
👒 Sun hat: a wide straw hat for gardening and sunny days
🎩 Top hat: for stage magicians and steampunk costumes
🎓 Graduation cap: a keepsake for college graduates
🧢 Baseball cap: a team cap for fans and sunny games
🪖 Military helmet: a collector's piece for war history buffs
⛑ First aid course: lifesaving skills for volunteers and paramedics
📿 Prayer beads: a mala or rosary for meditation and faith
💄 Lipstick set: makeup for beauty fans and glamorous evenings
💍 Silver ring: handmade jewelry for engagement and love
💎 Gemstone necklace: sparkling jewelry with a diamond pendant
"""

SOUND_AND_TECH = """
🔈🔊 {name} for music: a portable bluetooth box for dancing and audiophiles
📣📢 {name}: a loud voice for cheerleaders, coaches and rallies
📯 French horn lessons: brass music for orchestra players
🔔 Bicycle bell: a bright ring for city cyclists
🎼 Sheet music album: piano and choir scores for classical musicians
🎵🎶 {name} songbook: songs and lyrics for choir singers and campfires
🎙 Podcast microphone: a studio mic for podcasters and streamers
🎚🎛 {name} mixing desk: for DJs and electronic music producers
🎤 Karaoke microphone: for people who sing in the shower and at karaoke
🎧 Headphones: noise-canceling sound for music lovers and commuters
📻 Vintage radio: news and jazz for the kitchen
🎷 Saxophone: smooth jazz for band players
🪗 Accordion: folk tunes and polka for dance evenings
🎸 Electric guitar: riffs and strings for a guitar player in a rock band
🎹 Digital piano: a keyboard for pianists and piano students
🎺 Trumpet: a brass horn for marching bands and jazz
🎻 Violin: strings and bow for an orchestra and classical fiddler
🪕 Banjo: bluegrass and country picking
🥁 Drum kit: sticks and snare for a loud drummer
🪘 Djembe drum: African hand drum rhythms for percussion circles
🪇 Maracas: shakers for salsa and toddlers' music time
🪈 Wooden flute: recorder melodies for music school
📱 Smartphone stand: for selfies, apps and social media fans
☎📞 {name}: a retro rotary telephone for nostalgic collectors
📟📠 {name}: nineties office nostalgia for vintage tech collectors
🔋🔌 {name} charger: power for phones and gadgets on the road
💻 Laptop sleeve: protection for programmers and students who code
🖥 Computer monitor: a big screen for software developers and designers
🖨 3D printer: print gadgets for makers and inventors
⌨ Mechanical keyboard: clicky keys for programmers and coders
🖱🖲 {name}: an ergonomic mouse for gamers and office workers
💾💽 {name} coaster set: retro computer nostalgia for geeks and hackers
💿📀 {name} collection: albums and films for a music and movie collector
🧮 Abacus: counting beads for children learning math
🎥📹 {name}: film your own movies and vlogs
🎞📽 {name} night: old reels and cinema classics for film buffs
🎬 Screenwriting course: scripts and directing for aspiring filmmakers
📺 Streaming subscription: series and crime shows for couch evenings
📷📸 {name}: lenses and portraits for hobby photographers
📼 VHS tape lamp: eighties nostalgia for film geeks
🔍🔎 {name}: for stamp collectors, detectives and crime novel fans
🕯 Scented candle: lavender and vanilla for cozy relaxing baths
💡 Smart light bulb: colored light for gadget lovers and inventors
🔦 Headlamp torch: light for cavers, campers and night walks
🏮 Paper lantern: red glow for garden parties and Asian decor
🪔 Diya oil lamp: festival of lights decoration for Diwali and yoga
"""

DESK_AND_TOOLS = """
📔📓 {name}: a journal for diary writing and travel notes
📕📗📘📙 {name}: a novel for bookworms who read every night
📖📚 {name} reading box: paperbacks and tea for passionate readers
📜 Family tree scroll: genealogy research for history-minded relatives
📰🗞 {name} subscription: daily news and crosswords for breakfast readers
🔖📑 {name}: marks the page for avid readers and students
🏷 Label maker: tidy boxes for organized people
💰 Treasure hunt box: coins and riddles for little pirates
🪙 Coin album: rare coins for numismatists
💳 Card wallet: slim leather for minimalists
✉📩 {name} stationery set: handwritten letters to pen pals
📦 Craft subscription box: a new do-it-yourself project every month
📫📮 {name} stamp album: stamps from around the world for philatelists
✏ Drawing pencils: graphite for sketching and portraits
✒🖋 {name}: elegant ink writing for authors and calligraphers
🖊 Engraved pen: for teachers, lawyers and signatures at work
🖌 Paintbrush set: oil painting and watercolor on canvas
🖍 Wax crayons: coloring books for kindergarten kids
📝 Creative writing course: poems and stories for hobby writers
💼 Leather briefcase: for lawyers, managers and business meetings
📅📆🗓 {name}: plan appointments for busy, organized people
📌📍 {name} set: a cork board for memos and travel routes
📎🖇 {name}: magnetic desk organizer for the office
📏📐 {name}: drafting and geometry for architects and engineers
✂ Fabric scissors: sharp shears for tailors and paper crafts
🗄 Filing cabinet: order for home office paperwork
🔒🔐 {name} puzzle: riddles and locks for escape room fans
🔑🗝 {name} holder: a hook rack by the door for forgetful people
🔨 Claw hammer: for carpenters and do-it-yourself repairs
🪓 Splitting axe: chopping firewood for cabin owners and bushcraft
⛏⚒ {name}: digging up dinosaur fossils and minerals on field trips
🛠 Handyman toolkit: wrenches and drills for home improvement
🗡⚔ {name} replica: steel for medieval reenactors and fantasy fans
🪃 Boomerang: throws that return, for outdoor play in Australia
🏹 Archery set: bow, arrows and targets for archers
🛡 Knight's shield: wooden armor for children playing knights
🪚 Hand saw: fine cuts for woodworking and furniture making
🔧 Wrench set: for car mechanics and bicycle repairs
🪛 Screwdriver set: precision bits for electronics tinkerers
🔩⚙ {name} mechanical puzzle: gears for engineers and tinkerers
🗜 Wood clamp: glue-ups for cabinetmakers in the workshop
⚖ Kitchen scale: exact grams for bakers and dieters
🪝 Fish hook set: hooks and lures for a fisherman who fishes lakes and rivers
🪜 Step ladder: for painting walls and home improvement
🧰 Toolbox: a steel chest for mechanics and do-it-yourself dads
🧲 Magnet experiment kit: physics fun for curious kids
⚗🧪 {name} chemistry set: bubbling experiments for young chemists
🧬 DNA ancestry kit: genes and origins for biology and genealogy fans
🔬 Microscope: cells and pond water for young biologists
🔭 Telescope: moons and planets for backyard astronomers
📡 Amateur radio antenna: signals across the world for ham operators
🩺 Stethoscope: for medical students, nurses and doctors
🪞 Vanity mirror: makeup lights for beauty lovers
🛏 Linen bedding: soft sheets and pillows for deep sleepers
🛋 Couch blanket: a heated throw for lazy evenings on the sofa
🪑 Rocking chair: a porch seat for retirement and naps
🚿 Massage shower head: a home spa for tired muscles
🛁 Bath salts: a foaming tub, spa and self-care after stress
🪒 Safety razor: wet shaving and beard grooming
🧴 Hand cream: lotion and skincare for dry gardener's hands
🧹 Robot vacuum: clean floors for busy parents and pet hair
🧺 Picnic basket: blankets, plates and wine for a picnic in the park
🪣 Watering bucket: a zinc pail for a gardener's vegetable patch
🧼 Handmade soap: olive and lavender bars for natural skincare
🫧 Bubble machine: soap bubbles for toddlers at garden parties
🪥 Electric toothbrush: dental care for a healthy smile
🧽 Car wash kit: wax and sponge for car lovers
🧿🪬 {name} amulet: protection from the evil eye in spiritual jewelry
🗿 Stone statue: an Easter Island head for the garden
"""
